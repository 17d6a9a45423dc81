"""From bytes to text: byte-order marks, UTF-16 without one, declared charsets, and old files."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decode", "encoding_of", "is_binary", "plain_text", "text_pieces", "utf8_pieces"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with theirs
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096
_BINARY_HEAD = 1024
_CONTROL = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})
_LETTERS_BETWEEN = re.compile(rb"[\x80-\xff]")
_WESTERN = "cp1252"


def _salvage(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252: the usual reason for a few odd ones."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    odd = error.object[error.start : error.end]
    return odd.decode(_WESTERN, "replace"), error.end


codecs.register_error("catalyst-salvage", _salvage)


def encoding_of(head: bytes, declared: str | None = None, *, complete: bool = False) -> str:
    """Return the codec to read a file with, from its first bytes and what a server declared.

    A byte-order mark decides; then valid UTF-8; then the declared charset; then a guess among the
    legacy ones. ``complete`` says that ``head`` is the whole file.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        wide = _wide(head)
        if wide:
            return wide
    if _is_utf8(head, complete):
        return "utf-8"
    if declared and _fits(head, declared):
        return declared
    return _legacy(head)


def _wide(head: bytes) -> str | None:
    """Return the UTF-16 or -32 that the places of the zero bytes speak for."""
    sample = head[: _SAMPLE & ~3]
    count = max(1, len(sample) // 4)
    zeros = [sample[place::4].count(0) / count for place in range(4)]
    for pattern, name in (
        ((0, 1, 1, 1), "utf-32-le"),
        ((1, 1, 1, 0), "utf-32-be"),
        ((0, 1, 0, 1), "utf-16-le"),
        ((1, 0, 1, 0), "utf-16-be"),
    ):
        if all(
            share > 0.6 if want else share < 0.1 for share, want in zip(zeros, pattern, strict=True)
        ):
            return name
    return None


def _is_utf8(head: bytes, complete: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=complete)
    except UnicodeDecodeError:
        # A stray byte among many letters of valid UTF-8 is damage, not another charset.
        letters = [letter for letter in head.decode("utf-8", "replace") if letter > "\x7f"]
        return len(letters) > 8 * letters.count("\ufffd")
    return True


def _fits(head: bytes, charset: str) -> bool:
    try:
        codecs.getincrementaldecoder(charset)().decode(head)
    except (LookupError, UnicodeError):
        return False
    return True


def _legacy(head: bytes) -> str:
    """Guess the charset of bytes that are not Unicode; Windows-1252 when nothing fits better."""
    from charset_normalizer import from_bytes

    lines = [line for line in head.splitlines() if _LETTERS_BETWEEN.search(line)]
    sample = b"\n".join(lines)[:_SAMPLE]
    if len(_LETTERS_BETWEEN.findall(sample)) < 12:
        return _WESTERN  # too little to tell the alphabets apart
    best = from_bytes(sample, steps=3, chunk_size=512, threshold=0.15).best()
    if best is None or best.encoding in {"ascii", "latin_1", "iso8859_1", "iso8859_15", "utf_8"}:
        return _WESTERN
    return best.encoding if _fits(head, best.encoding) else _WESTERN


def is_binary(head: bytes) -> bool:
    """Tell whether the first bytes of a file are no text in any encoding we know."""
    head = head[:_BINARY_HEAD]
    control = len(head) - len(head.translate(None, _CONTROL))
    if control <= max(1, len(head) // 50) or encoding_of_mark(head):
        return False
    return not (b"\0" in head and _wide(head))


def encoding_of_mark(head: bytes) -> str | None:
    """Return the codec of the byte-order mark, if there is one."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def decode(data: bytes, declared: str | None = None) -> str:
    """Return all of ``data`` as text with ``\\n`` line ends; never fails, never keeps NUL."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not text or text[0] == "\ufeff" or "\0" in text:
        head = data[: 4 * _SAMPLE]
        encoding = encoding_of(head, declared, complete=len(head) == len(data))
        text = data.decode(encoding, _errors(encoding))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text


def _errors(encoding: str) -> str:
    return "catalyst-salvage" if encoding in {"utf-8", "utf-8-sig"} else "replace"


def plain_text(data: bytes) -> str | None:
    """Return ``data`` as text when it is UTF-8 and nothing has to be mended, else None."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    odd = "\r" in text or "\0" in text or text.startswith("\ufeff")
    return None if odd else text


def text_pieces(file: BinaryIO, declared: str | None = None, size: int = 2**18) -> Iterator[str]:
    """Yield the text of a file piece by piece, with ``\\n`` line ends and without NUL."""
    head = _fill(file, 4 * _SAMPLE)
    encoding = encoding_of(head, declared, complete=len(head) < 4 * _SAMPLE)
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding)(_errors(encoding)), translate=True
    )
    piece = head
    while piece:
        text = decoder.decode(piece)
        yield text.replace("\0", "") if "\0" in text else text
        piece = file.read(size)
    if rest := decoder.decode(b"", final=True):
        yield rest


def utf8_pieces(file: BinaryIO, declared: str | None = None, size: int = 2**18) -> Iterator[bytes]:
    """Yield the bytes of a text file as UTF-8, whatever it was written in; its marks are dropped.

    Bytes of a UTF-8 file pass unchanged, and so do single odd ones: the caller reads them as
    Windows-1252, item by item, because old and new lines are found in one file.
    """
    head = _fill(file, 4 * _SAMPLE)
    encoding = encoding_of(head, declared, complete=len(head) < 4 * _SAMPLE)
    if encoding not in {"utf-8", "utf-8-sig", _WESTERN}:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        piece = head
        while piece:
            yield decoder.decode(piece).encode("utf-8", "replace")
            piece = file.read(size)
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")
        return
    yield head.removeprefix(codecs.BOM_UTF8)
    while piece := file.read(size):
        yield piece


def _fill(file: BinaryIO, size: int) -> bytes:
    """Read ``size`` bytes even when the stream hands them out in smaller pieces."""
    pieces: list[bytes] = []
    while size > 0 and (piece := file.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
