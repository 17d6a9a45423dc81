"""Vectors from a model in a folder: a small one that the test makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.llm.onnx import OnnxEmbedder

onnx = pytest.importorskip("onnx")
tokenizers = pytest.importorskip("tokenizers")

WORDS = {"[PAD]": 0, "[UNK]": 1, "heart": 2, "cardiac": 3, "dog": 4}
TABLE = np.array([[9, 9], [0, 0.1], [1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that looks each word up in a table."""
    folder = tmp_path_factory.mktemp("tiny-model")
    helper, kind = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info("input_ids", kind.INT64, ["b", "s"])],
        [helper.make_tensor_value_info("last_hidden_state", kind.FLOAT, ["b", "s", 2])],
        [onnx.numpy_helper.from_array(TABLE, "table")],
    )
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(WORDS, unk_token="[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.loop_guard(1.0, reason="the embedder is built on the loop here, not in a thread")
async def test_vectors_have_length_one_and_padding_counts_for_nothing(folder: Path) -> None:
    embedder = OnnxEmbedder(folder)
    short, long = await embedder.embed(["heart", "heart heart heart cardiac dog dog"])
    [alone] = await embedder.embed(["heart"])
    embedder.close()
    assert short == pytest.approx(alone)
    assert np.linalg.norm(short) == pytest.approx(1)
    assert np.linalg.norm(long) == pytest.approx(1)


@pytest.mark.loop_guard(1.0, reason="the embedder is built on the loop here, not in a thread")
async def test_many_texts_keep_their_order(folder: Path) -> None:
    embedder = OnnxEmbedder(folder)
    texts = ["heart", "dog"] * 25
    vectors = await embedder.embed(texts)
    embedder.close()
    assert len(vectors) == 50
    assert vectors[48] == pytest.approx([1, 0])
    assert vectors[49] == pytest.approx([0, 1])


def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no model\.onnx"):
        OnnxEmbedder(tmp_path)


async def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_text("nothing")
    with pytest.raises(UserError, match="cannot be loaded"):
        await OnnxEmbedder(tmp_path).embed(["words"])
