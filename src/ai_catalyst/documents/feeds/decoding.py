"""From a feed's bytes to its tree: the charset that fits, and mending where it is not XML."""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import TYPE_CHECKING

from ai_catalyst.documents.encoding import decode, encoding_of, encoding_of_mark
from ai_catalyst.documents.markup import codec_of, mended_xml, tidy_xml

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

__all__ = ["charset_of", "text_of_bytes", "xml_of"]

_DECLARED = re.compile(
    rb"""\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_PROLOG = 4096
_PLAIN = tuple(
    start.encode()
    for start in (
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<?xml version="1.0" encoding="utf-8"?>',
        '<?xml version="1.0"?>',
        "<rss ",
        "<feed ",
    )
)
"""How a feed begins that says it is UTF-8, or nothing; most do."""
_WIDE = {
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_MARKED = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_USUAL = {"utf-8-sig": "utf-8", "euc_jis_2004": "euc_jp", "big5hkscs": "big5", "johab": "cp949"}
_ONE_BYTE = re.compile(r"ascii|iso8859|cp125|cp874|koi8|latin|mac|tis|cp8|cp4")


def xml_of(data: bytes, charset: str | None) -> tuple[_Element | None, str, list[str]]:
    """Return the root of an XML feed (None when nothing can be had), its charset and its flaws."""
    codec, encoding, flaws = charset_of(data, charset)
    raw = data
    if codec != "utf-8":
        raw = text_of_bytes(data, codec).encode("utf-8", "replace")
    start = max(0, raw.find(b"<"))
    if raw[:start].removeprefix(codecs.BOM_UTF8).strip():
        flaws.append("something stands before the first tag")
    raw = raw[start:] if start else raw
    typed = b"<!DOCTYPE" in raw[:_PROLOG].upper()
    root = None if typed else _strict(raw)
    if root is not None:
        return root, encoding, flaws
    tidy = tidy_xml(raw.decode("utf-8", "catalyst-salvage"))
    root = _strict(tidy.encode("utf-8", "replace")) if typed else None
    if root is None:
        root = mended_xml(tidy)
        flaws.append("not well-formed")
    return root, encoding, flaws


def text_of_bytes(data: bytes, encoding: str) -> str:
    """Return bytes as text, whatever they are; a byte-order mark is dropped."""
    if encoding == "utf-8":
        return decode(data)
    return data.decode(encoding, "replace").removeprefix("\ufeff")


@cache
def _parser() -> XMLParser:
    from lxml import etree

    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _strict(raw: bytes) -> _Element | None:
    """Parse well-formed XML; None when it is not."""
    from lxml import etree

    try:
        return etree.fromstring(raw, _parser())
    except (etree.XMLSyntaxError, ValueError):
        return None


def charset_of(data: bytes, charset: str | None) -> tuple[str, str, list[str]]:
    """Return the codec that a feed's bytes are in, its charset's name, and what was wrong with it.

    A byte-order mark decides, and where the zeros of a wide encoding stand; then what the server
    said, then the XML declaration, each only when the bytes fit. UTF-8 that calls itself by the
    name of a one-byte charset is UTF-8: no text of those charsets looks like it by chance.
    """
    if charset is None and data.startswith(_PLAIN) and _fits(data, "utf-8"):
        return "utf-8", "utf-8", []
    wide = _wide(data)
    if wide:
        return wide, wide, []
    utf8 = _fits(data, "utf-8")
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8", "utf-8", [] if utf8 else ["is marked as UTF-8, which it is not"]
    declared = _DECLARED.match(data[:_PROLOG])
    said = [charset, declared[1].decode() if declared else None]
    flaws: list[str] = []
    for name in filter(None, said):
        codec = codec_of(name)
        if codec is None:
            flaws.append("declares a charset that nobody knows")
        elif utf8 and codec != "utf-8" and _ONE_BYTE.match(codec) and not data.isascii():
            return "utf-8", "utf-8", [*flaws, "is UTF-8, but declares another charset"]
        elif not codec.startswith(("utf-16", "utf-32")) and _fits(data, codec):
            return codec if not data.isascii() else "utf-8", name.lower(), flaws
        else:
            flaws.append("is not in the charset that it declares")
    if utf8:
        return "utf-8", "utf-8", flaws
    guess = encoding_of(_sample(data))
    guess = _USUAL.get(guess, guess)
    return guess, guess, [*flaws, "is not UTF-8, and does not say what it is"]


def _sample(data: bytes) -> bytes:
    """Return the part of a feed that tells most about its charset: around its first odd byte."""
    first = next((m.start() for m in _ODD.finditer(data)), 0)
    return data[max(0, first - 256) : first + 16384]


_ODD = re.compile(rb"[\x80-\xff]")


def _wide(data: bytes) -> str | None:
    marked = next((codec for mark, codec in _MARKED.items() if data.startswith(mark)), None)
    if marked or not encoding_of_mark(data[:4]):
        head = data[:256].lstrip()[:4]
        return marked or next((codec for at, codec in _WIDE.items() if head.startswith(at)), None)
    return None


def _fits(data: bytes, codec: str) -> bool:
    if codec in {"cp1252", "cp1254"}:  # what they leave open is read as it comes
        return True
    try:
        data.decode(codec)
    except (UnicodeError, LookupError):
        return False
    return True
