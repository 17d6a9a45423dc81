"""Pieces of patterns for words with a capital, shared by names, places and addresses."""

from __future__ import annotations

from ai_catalyst.privacy.lexicon import COMMON, FOREIGN, GIVEN, SURNAME, traits

__all__ = ["CAP", "CAP_REST", "LOWER", "UPPER", "is_common", "name_weight"]

_CASED = [chr(code) for code in (*range(0x41, 0x530), *range(0x1E00, 0x2000))]
UPPER = "".join(char for char in _CASED if char.isupper() or char.istitle())
"""Every capital of the Latin, Greek and Cyrillic scripts, for a character class."""
LOWER = "".join(char for char in _CASED if char.islower())
"""Every small letter of them."""
CAP_REST = r"[^\W\d_]*(?:(?:[\-‑]|['’](?!(?:s|re|ll|d|m|ve|t)\b))[^\W\d_]+)*"
"""What follows the capital of a word."""
CAP = rf"[{UPPER}]{CAP_REST}"
"""A word that begins with a capital, compound with hyphens and apostrophes, without its ``'s``."""


def is_common(word: str) -> bool:
    """Whether a word is an ordinary one in a language we know."""
    return bool(traits(word) & (COMMON | FOREIGN))


def name_weight(word: str) -> int:
    """Return how much a word is known as somebody's name (0 to 3)."""
    known = traits(word)
    return max(known & GIVEN, (known & SURNAME) >> 2)
