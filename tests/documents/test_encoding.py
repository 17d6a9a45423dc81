from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.documents.encoding import (
    decode,
    encoding_of,
    is_binary,
    text_pieces,
    utf8_pieces,
)

GERMAN = "Grüße aus Köln: schöne Straßen, große Häuser, süße Äpfel und müde Füße. " * 3
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
)
def test_unicode_is_read_with_and_without_a_mark(encoding: str) -> None:
    text = "Plain words, then ümläüts.\n" * 5
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(("text", "encoding"), [(GERMAN, "cp1252"), (RUSSIAN, "cp1251")])
def test_an_old_charset_is_guessed(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_latin_1_with_few_odd_letters_is_western() -> None:
    assert decode("café".encode("latin-1")) == "café"


def test_the_declared_charset_is_believed_when_it_fits_and_the_text_is_no_utf8() -> None:
    assert decode("żółw".encode("iso-8859-2"), "iso-8859-2") == "żółw"
    assert decode("żółw".encode(), "iso-8859-2") == "żółw"
    assert decode("café".encode("latin-1"), "no-such-charset") == "café"


def test_one_stray_byte_does_not_spoil_a_long_utf8_text() -> None:
    data = GERMAN.encode() + b"\x92" + GERMAN.encode()
    assert decode(data) == f"{GERMAN}\u2019{GERMAN}"


def test_line_ends_become_newlines_and_nul_is_dropped() -> None:
    assert decode(b"a\r\nb\rc\n\0d") == "a\nb\nc\nd"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")))
def test_every_utf8_text_comes_back_unchanged(text: str) -> None:
    assert decode(text.encode()) == text


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_become_text_that_can_be_written_again(data: bytes, size: int) -> None:
    pieces = "".join(text_pieces(io.BytesIO(data), None, size))
    assert "\0" not in pieces
    assert "\r" not in pieces
    assert b"".join(utf8_pieces(io.BytesIO(pieces.encode()), None, size)) == pieces.encode()


@pytest.mark.parametrize("size", [1, 3, 7, 4096])
def test_a_letter_split_between_pieces_survives(size: int) -> None:
    text = "ü€😀" * 10_000
    assert "".join(text_pieces(io.BytesIO(text.encode()), None, size)) == text


def test_utf16_is_handed_on_as_utf8() -> None:
    data = codecs.BOM_UTF16_LE + '{"a": "ü"}\n'.encode("utf-16-le") * 5000
    assert b"".join(utf8_pieces(io.BytesIO(data), None, 100)) == '{"a": "ü"}\n'.encode() * 5000


def test_bytes_of_an_image_are_binary_and_texts_are_not() -> None:
    assert is_binary(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    for text in (
        b"plain",
        "ümlaut".encode(),
        "wide".encode("utf-16-le") * 20,
        b"one \0 nul" + b"." * 99,
    ):
        assert not is_binary(text)


def test_an_empty_file_is_utf8() -> None:
    assert encoding_of(b"", complete=True) == "utf-8"
    assert decode(b"") == ""
