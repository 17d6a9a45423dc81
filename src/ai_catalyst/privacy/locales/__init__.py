"""Locale packs: one file a language, merged into the `Lexis` that the recognisers read."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from ai_catalyst.errors import UserError
from ai_catalyst.privacy.locales.pack import LocalePack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["BUILT_IN", "Lexis", "LocalePack", "lexis", "register"]

BUILT_IN: Sequence[str] = ("en", "de", "fr", "es", "it", "nl")
"""The locale packs that are on unless others are named."""

_FIRST = re.compile(r"[^\W\d_]+")
_registered: dict[str, LocalePack] = {}


def register(pack: LocalePack) -> None:
    """Add a locale pack under its code; packages do the same by an entry point (see the docs)."""
    _registered[pack.code] = pack
    lexis.cache_clear()


def _pack(code: str) -> LocalePack:
    if code in _registered:
        return _registered[code]
    if code in (*BUILT_IN, "world"):
        pack = import_module(f"{__name__}.{code}").PACK
    else:
        found = [point for point in entry_points(group="ai_catalyst.locales") if point.name == code]
        if not found:
            known = ", ".join([*BUILT_IN, *_registered])
            raise UserError(f"there is no locale pack {code!r}; known are {known}")
        pack = found[0].load()
    _registered[code] = pack
    return _registered[code]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Lexis:
    """Several locale packs as one: the same fields, merged."""

    titles: frozenset[str]
    kin: frozenset[str]
    name_cues: Mapping[str, tuple[tuple[str, ...], ...]]
    name_labels: frozenset[str]
    cues: Mapping[str, frozenset[str]]
    months: Mapping[str, int]
    weekdays: frozenset[str]
    streets: frozenset[str]
    street_ends: tuple[str, ...]
    units: frozenset[str]
    address_cues: Mapping[str, tuple[str, ...]]
    """By their first word."""
    bodies: frozenset[str]
    legal_forms: frozenset[str]
    place_cues: frozenset[str]
    age_words: tuple[str, ...]
    particles: frozenset[str]
    occupations: frozenset[str]
    languages: Mapping[str, frozenset[str]]
    """The function words of each language, by its code."""
    noun_languages: frozenset[str]
    """The codes of the languages that write nouns with a capital."""


@functools.lru_cache(maxsize=16)
def lexis(codes: tuple[str, ...]) -> Lexis:
    """Merge packs by their codes; the pack of what is the same everywhere is always in.

    Raises `UserError` for a code that no pack has.
    """
    packs = [_pack("world"), *map(_pack, dict.fromkeys(codes))]
    return Lexis(
        titles=_union(pack.titles for pack in packs),
        kin=_union(pack.kin for pack in packs),
        name_cues=_by_last_word(cue for pack in packs for cue in pack.name_cues),
        name_labels=_union(pack.name_labels for pack in packs),
        cues=_by_phrase(packs),
        months={name: number for pack in packs for name, number in pack.months.items()},
        weekdays=_union(pack.weekdays for pack in packs),
        streets=_union(pack.streets for pack in packs),
        street_ends=tuple(sorted({end for pack in packs for end in pack.street_ends})),
        units=_union(pack.units for pack in packs),
        address_cues=_by_first_word(cue for pack in packs for cue in pack.address_cues),
        bodies=_union(pack.bodies for pack in packs),
        legal_forms=_union(pack.legal_forms for pack in packs),
        place_cues=_union(pack.place_cues for pack in packs),
        age_words=tuple(sorted({word for pack in packs for word in pack.age_words}, key=len)[::-1]),
        particles=_union(pack.particles for pack in packs),
        occupations=_union(pack.occupations for pack in packs),
        languages={pack.code: pack.function_words for pack in packs if pack.function_words},
        noun_languages=frozenset(pack.code for pack in packs if pack.nouns_are_capital),
    )


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _by_last_word(cues: Iterable[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the words before the last one of each cue, by the last one, the longest first."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for cue in cues:
        parts = tuple(cue.split())
        found.setdefault(parts[-1], set()).add(parts[:-1])
    return {
        word: tuple(sorted(befores, key=lambda before: (-len(before), before)))
        for word, befores in found.items()
    }


def _by_first_word(cues: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for cue in cues:
        found.setdefault(_FIRST.findall(cue)[0], []).append(cue)
    return {word: tuple(cues_) for word, cues_ in found.items()}


def _by_phrase(packs: Iterable[LocalePack]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pack in packs:
        for recogniser, phrases in pack.cues.items():
            for phrase in phrases:
                found.setdefault(phrase.rstrip("."), set()).add(recogniser)
    return {phrase: frozenset(names) for phrase, names in found.items()}
