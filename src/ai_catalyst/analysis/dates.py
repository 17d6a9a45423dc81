"""Dates as texts write them, in the languages whose months we know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ai_catalyst.analysis.lexicon import LANGUAGES, lexicon

__all__ = ["find_dates"]

_DIGIT = re.compile(r"\d")


def find_dates(text: str) -> Iterator[str]:
    """Yield the dates of a sentence: days, months with a year, quarters; a bare year is none."""
    if not _DIGIT.search(text):
        return
    for match in _pattern().finditer(text):
        found = " ".join(match.group().split())
        # "may 3 of them" is no date: English writes its months with a capital.
        if not found[0].islower() or found[-4:].isdigit():
            yield found.rstrip(".,")


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    names = {month for language in LANGUAGES for month in lexicon(language).months}
    month = "(?:" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")\b\.?"
    year = r"(?:1[6-9]|20)\d\d"
    with_year = rf"(?:,?\s(?:de\s|del\s)?{year}\b)"
    forms = (
        rf"\b{year}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])\b",
        rf"\b\d{{1,2}}(?:st|nd|rd|th|\.|º|er)?\s(?:of\s|de\s)?{month}{with_year}?",
        rf"\b{month}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s?[:%])(?:,?\s{year}\b)?",
        rf"\b{month}\s(?:de\s|del\s)?{year}\b",
        rf"\b\d{{1,2}}[./]\d{{1,2}}[./](?:{year}|\d\d)\b(?![./]\d)",
        rf"\bQ[1-4]\s{year}\b",
    )
    return re.compile("|".join(forms), re.IGNORECASE)
