"""The character set of bytes from outside: byte order mark, declaration, then what fits."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

__all__ = ["codec_name", "sniff_charset"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD = 4096
_TRIED = 65536
_META = re.compile(
    rb"""<meta[^>]{0,512}?charset\s*=\s*["']?\s*([a-z0-9_:.+-]{2,40})""", re.IGNORECASE
)
_XML = re.compile(
    rb"""\s{0,64}<\?xml[^>]{0,256}?encoding\s*=\s*["']([a-z0-9_:.+-]{2,40})""", re.IGNORECASE
)

# Pages mean the larger Windows sets when they name the smaller ones (WHATWG Encoding Standard).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_ALIASES = {"x-sjis": "cp932", "x-gbk": "gb18030", "windows-31j": "cp932", "x-cp1252": "cp1252"}
_REFUSED = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "undefined"}


@lru_cache(maxsize=256)
def codec_name(label: str | None) -> str | None:
    """Return the Python codec a page means by a label, or None when it means nothing usable."""
    if not label:
        return None
    label = label.strip().strip("\"'").lower()
    try:
        name = codecs.lookup(_ALIASES.get(label, label)).name
        b"x".decode(name, "replace")  # some codecs turn bytes into bytes
    except (LookupError, ValueError):
        return None
    name = name.replace("unicode-escape", "unicode_escape")
    return None if name in _REFUSED else _MEANT.get(name, name)


def sniff_charset(body: bytes, declared: str | None = None) -> str:
    """Return the codec to decode ``body`` with; ``declared`` is what the transport said.

    In order: a byte order mark, the declaration, a ``<meta>`` or XML declaration, UTF-8 when the
    bytes fit, windows-1252. A declaration of UTF-8 that the bytes do not bear out is passed over.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    if (codec := _borne_out(codec_name(declared), body)) is not None:
        return codec
    written = codec_name(_written_inside(body[:_HEAD]))
    if written and written.startswith("utf-16"):  # who could read it there knows better
        written = "utf-8"
    return _borne_out(written, body) or _borne_out("utf-8", body) or "cp1252"


def _borne_out(codec: str | None, body: bytes) -> str | None:
    """Return the codec unless the bytes speak against it."""
    if codec == "utf-8":
        return codec if _is_utf8(body) else None
    if codec and codec.startswith("utf-16"):
        return codec if b"\0" in body[:_HEAD] else None
    return codec


def _written_inside(head: bytes) -> str | None:
    found = _XML.match(head) or _META.search(head)
    return found[1].decode("ascii") if found else None


def _is_utf8(body: bytes) -> bool:
    """Say whether the bytes, or the first 64 KB of many, are UTF-8."""
    if body.isascii():
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body[:_TRIED], final=len(body) <= _TRIED)
    except UnicodeDecodeError:
        return False
    return True
