"""Whether there is anything in a text to look for: one merged pattern, before anything else.

With google-re2 (the ``fast`` extra) long texts are searched by it: in one pass, whatever the
pattern. It is asked this question only. Handing candidates from RE2 to Python costs more than
finding them with `re`: its wrapper takes some microseconds a match, `re` a tenth of that.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["presence"]

Presence = Callable[[str], Any]

LONG = 512
"""Characters from which on a call of RE2 costs less than it saves."""


def presence(hints: Iterable[str]) -> Presence | None:
    """Return what tells whether one of some patterns is in a text; None when one is unknown."""
    patterns = tuple(sorted(set(hints)))
    return None if not patterns or "" in patterns else _merged(patterns)


@functools.lru_cache(maxsize=32)
def _merged(patterns: tuple[str, ...]) -> Presence:
    plain = re.compile("|".join(patterns)).search
    fast = _fast("|".join(patterns))
    if fast is None:
        return plain
    return lambda text: fast(text) if len(text) > LONG else plain(text)


def _fast(pattern: str) -> Presence | None:
    """Return the search of RE2, or None where it is not installed."""
    try:
        import re2
    except ImportError:
        return None
    search: Presence = re2.compile(pattern).search
    return search
