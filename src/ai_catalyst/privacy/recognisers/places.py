"""Countries, towns and the people of them, by name."""

from __future__ import annotations

import functools
from importlib import resources
from typing import NamedTuple

__all__ = ["Gazetteer", "gazetteer"]


class Gazetteer(NamedTuple):
    """What we know by name, in lower case.

    ``phrases`` maps the first word of each name of a place to its other words (the longest first),
    ``countries`` are the names of countries alone, ``demonyms`` are of people (``polish``).
    """

    phrases: dict[str, list[tuple[str, ...]]]
    countries: frozenset[str]
    demonyms: frozenset[str]
    cities: frozenset[str]


@functools.cache
def gazetteer() -> Gazetteer:
    """Return the names, read once."""
    countries, demonyms = _countries()
    cities = _cities()
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for name in countries | cities:
        first, *rest = name.split()
        phrases.setdefault(first, []).append(tuple(rest))
    for endings in phrases.values():
        endings.sort(key=len, reverse=True)
    return Gazetteer(phrases, frozenset(countries), frozenset(demonyms), frozenset(cities))


def _lines(file: str) -> list[str]:
    text = resources.files("ai_catalyst.privacy").joinpath("data", file).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _countries() -> tuple[set[str], set[str]]:
    countries: set[str] = set()
    demonyms: set[str] = set()
    for line in _lines("countries.txt"):
        names, _, people = line.partition("|")
        countries.update(name.strip().lower() for name in names.split(";") if name.strip())
        demonyms.update(set(people.lower().split()) - _DIRECTIONS)
    return countries, demonyms


_DIRECTIONS = {
    "new",
    "north",
    "south",
    "northern",
    "central",
    "cape",
    "costa",
    "el",
    "san",
    "puerto",
}
"""Words of demonyms of two words, which say nothing alone."""


def _cities() -> set[str]:
    found: set[str] = set()
    for line in _lines("cities.txt"):
        parts = line.split(";") if ";" in line else line.split()
        found.update(part.strip().lower() for part in parts)
    return found
