"""Encoded bodies unfold in small pieces, however they were packed and cut."""

import gzip
import types
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.io import decoding
from ai_catalyst.io.decoding import PIECE, accept_encoding, decoder_for


def decoded(decoder, data, step=7):
    pieces = []
    for start in range(0, len(data), step):
        pieces.extend(decoder.pieces(data[start : start + step]))
    pieces.extend(decoder.finish())
    return pieces


@given(st.binary(max_size=3000), st.integers(1, 100), st.sampled_from(["gzip", "deflate", ""]))
def test_what_was_packed_comes_out_however_it_is_cut(body, step, encoding):
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "": bytes}[encoding](body)
    assert b"".join(decoded(decoder_for(encoding), packed, step)) == body


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_are_decoded_or_refused_with_a_value_error(body, encoding):
    with suppress(ValueError):
        decoded(decoder_for(encoding), body)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_no_piece_is_larger_than_its_bound(encoding):
    body = bytes(20 * PIECE)
    packed = (gzip.compress if encoding == "gzip" else zlib.compress)(body)
    sizes = [len(piece) for piece in decoder_for(encoding).pieces(packed)]
    assert max(sizes) <= PIECE
    assert sum(sizes) == len(body)


def test_an_encoding_nobody_offered_has_no_decoder(monkeypatch):
    monkeypatch.setattr(decoding, "_brotli", lambda: None)
    assert decoder_for("br") is None
    assert decoder_for("gzip, gzip") is None
    assert decoder_for("compress") is None
    assert accept_encoding() == "gzip, deflate"


class FakeBrotli:
    """Stands for the brotli library: each byte unfolds to PIECE of itself, a zero ends."""

    class Decompressor:
        def __init__(self):
            self.held, self.ended = b"", False

        def process(self, data, output_buffer_limit):
            self.held += data
            if not self.held:
                return b""
            first, self.held = self.held[:1], self.held[1:]
            if first == b"!":
                raise RuntimeError("damaged")
            self.ended = first == b"\0"
            return b"" if self.ended else first * output_buffer_limit

        def is_finished(self):
            return self.ended


def test_brotli_is_used_where_it_can_be_told_where_to_stop(monkeypatch):
    monkeypatch.setattr(decoding, "_brotli", lambda: FakeBrotli)
    assert accept_encoding() == "gzip, deflate, br"
    pieces = decoded(decoder_for("br"), b"ab\0", 3)
    assert [len(piece) for piece in pieces] == [PIECE, PIECE]
    with pytest.raises(ValueError, match="early"):
        decoded(decoder_for("br"), b"ab")
    with pytest.raises(ValueError, match="damaged"):
        decoded(decoder_for("br"), b"!")
    assert decoded(decoder_for("br"), b"") == []


@pytest.mark.parametrize(
    "module",
    [
        None,
        types.SimpleNamespace(),
        types.SimpleNamespace(Decompressor=lambda: types.SimpleNamespace(process=lambda data: b"")),
    ],
    ids=["absent", "another library", "too old"],
)
def test_a_brotli_that_cannot_be_bounded_is_not_used(monkeypatch, module):
    def load(name):
        if module is None:
            raise ImportError(name)
        return module

    monkeypatch.setattr(decoding, "import_module", load)
    decoding._brotli.cache_clear()
    assert decoding._brotli() is None
    decoding._brotli.cache_clear()
