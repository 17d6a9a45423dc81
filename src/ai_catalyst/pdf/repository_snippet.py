"""The words of a search, shown where they stand on a page."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Sequence

__all__ = ["snippet"]

_WORD = re.compile(r"\w+")
BEFORE, AFTER = 8, 16
"""Words that are shown around the first one found."""


def snippet(text: str, words: Sequence[str]) -> str:
    """Return a piece of a page around the first word found, found ones between ``⟦`` and ``⟧``.

    Case and accents don't matter; the last of ``words`` may be the beginning of one.
    """
    wanted = [_plain(word) for word in words]
    before: deque[re.Match[str]] = deque(maxlen=BEFORE)
    shown: list[re.Match[str]] = []
    last = 0
    for token in _WORD.finditer(text):
        if shown:
            shown.append(token)
        elif _is_one(token[0], wanted):
            shown = [*before, token]
            last = len(shown) + AFTER
        else:
            before.append(token)
        if shown and len(shown) >= last:
            break
    return _marked(text, shown, wanted) if shown else text[:120]


def _marked(text: str, shown: Sequence[re.Match[str]], wanted: Sequence[str]) -> str:
    pieces: list[str] = []
    place = shown[0].start()
    for token in shown:
        pieces.append(text[place : token.start()])
        pieces.append(f"⟦{token[0]}⟧" if _is_one(token[0], wanted) else token[0])
        place = token.end()
    line = " ".join("".join(pieces).split())
    start = "…" if shown[0].start() > 0 else ""
    return f"{start}{line}{'…' if place < len(text.rstrip()) else ''}"


def _is_one(token: str, wanted: Sequence[str]) -> bool:
    plain = _plain(token)
    return plain in wanted or plain.startswith(wanted[-1])


def _plain(word: str) -> str:
    parts = unicodedata.normalize("NFKD", word)
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).casefold()
