"""Vectors from a model on this machine: a folder with ``model.onnx`` and ``tokenizer.json``.

The model gives one vector a token (``last_hidden_state``), or one a text; tokens are averaged, as
sentence transformers do it. It runs in one thread of its own: onnxruntime lets the lock go.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OnnxEmbedder"]

MOST_TOKENS = 256
_AT_ONCE = 16


class OnnxEmbedder:
    """Makes vectors of length 1. ``name`` tells models apart: vectors of two do not compare."""

    def __init__(self, folder: Path | str) -> None:
        """Remember the folder; the model is loaded when it is first used.

        Raises `UserError` when the folder has no model, or the extra is missing.
        """
        self._folder = Path(folder)
        for name in ("model.onnx", "tokenizer.json"):
            if not (self._folder / name).is_file():
                raise UserError(f"the folder {str(self._folder)!r} has no {name}")
        try:
            import onnxruntime  # noqa: F401 - only to tell early
            import tokenizers  # noqa: F401
        except ImportError as error:
            raise UserError(
                "vectors on this machine need the extra `embed`: pip install '.[embed]'"
            ) from error
        size = (self._folder / "model.onnx").stat().st_size
        digest = hashlib.sha256((self._folder / "tokenizer.json").read_bytes()).hexdigest()
        self.name = f"onnx:{self._folder.name}:{size}:{digest[:12]}"
        self._thread = ThreadPoolExecutor(1, "catalyst-embed")
        self._parts: tuple[Any, Any] | None = None

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector a text. Raises `UserError` for a model of another shape."""
        run = asyncio.get_running_loop().run_in_executor
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _AT_ONCE):
            vectors += await run(self._thread, self._embed, texts[start : start + _AT_ONCE])
        return vectors

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        import numpy as np

        session, tokenizer = self._load()
        encoded = tokenizer.encode_batch(list(texts))
        ids = np.array([one.ids for one in encoded], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = {one.name for one in session.get_inputs()}
        (out, *_) = session.run(None, {name: given[name] for name in wanted & given.keys()})
        if out.ndim == 3:
            weights = mask[:, :, None].astype(np.float32)
            out = (out * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        if out.ndim != 2 or len(out) != len(texts):
            raise UserError(f"the model in {str(self._folder)!r} gives no vectors of texts")
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        rows: list[list[float]] = out.astype(np.float32).tolist()
        return rows

    def _load(self) -> tuple[Any, Any]:
        if self._parts is None:
            import onnxruntime
            from tokenizers import Tokenizer

            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            try:
                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
                session = onnxruntime.InferenceSession(
                    str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # the libraries have error classes of their own
                raise UserError(f"the model in {str(self._folder)!r} cannot be loaded") from error
            tokenizer.enable_truncation(MOST_TOKENS)
            tokenizer.enable_padding()
            self._parts = session, tokenizer
        return self._parts
