"""Text from outside, made fit to show: nothing hidden, nothing that steers a terminal."""

from __future__ import annotations

import re

__all__ = ["clip", "plain_text", "safe_text"]

# Terminal sequences go as a whole, so that no "[31m" is left standing where the escape was.
_TERMINAL = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]{0,2048}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,8}[0-~]"
)
_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain_text(text: str) -> str:
    """Return `text` without control, bidi-override and invisible characters.

    Lines and tabs stay (every kind of line break becomes ``\\n``), a lone surrogate becomes U+FFFD,
    so the result always encodes as UTF-8. Linear in the length of `text`.
    """
    if text.isprintable():  # nothing that goes below is printable; most texts end here
        return text
    if "\x1b" in text or "\x9b" in text:
        text = _TERMINAL.sub("", text)
    text = _UNSEEN.sub("", _BREAK.sub("\n", text))
    return _SURROGATE.sub("\ufffd", text)


def safe_text(text: str, limit: int | None = None) -> str:
    """Return `text` as one line that is safe to print on a terminal or to log.

    Runs of white space become one space; with `limit` the line has at most that many characters,
    the last of them ``…`` when something was cut.
    """
    line = " ".join(plain_text(text).split())
    return line if limit is None else clip(line, limit)


def clip(text: str, limit: int) -> str:
    """Cut `text` to at most `limit` characters, between words where it can, and mark the cut."""
    if len(text) <= limit:
        return text
    cut = text[: max(limit - 1, 0)]
    space = cut.rfind(" ", limit * 2 // 3)
    return (cut[:space] if space > 0 else cut).rstrip(" ,;:–-") + "…"
