"""What a locale pack holds: the words of one language that say what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LocalePack", "listed", "words"]


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set; ``_`` stands for a space inside one."""
    return frozenset(word.replace("_", " ") for word in text.split())


def listed(text: str) -> list[str]:
    """Return the words of a text in order, as often as they stand there."""
    return text.split()


@dataclass(frozen=True, slots=True)
class LocalePack:
    """The words of one language, in lower case unless case means something.

    ``titles`` stand before a name (``mr``), ``kin`` are people one may name (``wife``),
    ``name_cues`` are phrases right before a name (``my name is``), ``name_labels`` the same with
    a colon (``name:``). ``cues`` maps a recogniser to words near its values. ``months`` gives the
    number of each month's names. ``streets`` are words for a street that stand alone, ``street_ends``
    are ends of compound ones, ``units`` stand before a flat's or box's number. ``bodies`` are heads
    of an organisation's name (``university``), ``legal_forms`` its endings (``Ltd``).
    ``place_cues`` stand before a place, ``ages`` after an age, ``particles`` inside a name.
    ``occupations`` are jobs. ``nouns_are_capital`` says that capitals mean little (German).
    ``function_words`` tell the language of a text.
    """

    code: str
    titles: frozenset[str] = frozenset()
    kin: frozenset[str] = frozenset()
    name_cues: tuple[str, ...] = ()
    name_labels: frozenset[str] = frozenset()
    cues: Mapping[str, frozenset[str]] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)
    weekdays: frozenset[str] = frozenset()
    streets: frozenset[str] = frozenset()
    street_ends: tuple[str, ...] = ()
    units: frozenset[str] = frozenset()
    address_cues: tuple[str, ...] = ()
    bodies: frozenset[str] = frozenset()
    legal_forms: frozenset[str] = frozenset()
    place_cues: frozenset[str] = frozenset()
    age_words: tuple[str, ...] = ()
    particles: frozenset[str] = frozenset()
    occupations: frozenset[str] = frozenset()
    nouns_are_capital: bool = False
    function_words: frozenset[str] = frozenset()
