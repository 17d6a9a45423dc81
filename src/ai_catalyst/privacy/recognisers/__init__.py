"""What personal data looks like: one entry a family of kinds.

A recogniser is a function of a `Reading` and the `Lexis` (the words of the chosen languages) that
yields `Spot`s; what it yields may overlap. Packages add theirs by the entry point group
``ai_catalyst.recognisers``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple

from ai_catalyst.privacy.recognisers.addresses import addresses
from ai_catalyst.privacy.recognisers.amounts import amounts
from ai_catalyst.privacy.recognisers.dates import ages_in_words, dates, durations
from ai_catalyst.privacy.recognisers.identity import ibans, identity
from ai_catalyst.privacy.recognisers.names import names
from ai_catalyst.privacy.recognisers.numbers import numbers
from ai_catalyst.privacy.recognisers.occupations import occupations
from ai_catalyst.privacy.recognisers.secrets import secrets
from ai_catalyst.privacy.recognisers.web import web

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading, Spot

__all__ = ["RECOGNISERS", "Recogniser", "installed"]


class Recogniser(NamedTuple):
    """One entry: its name, the kinds it may yield, and the function that finds them."""

    name: str
    kinds: frozenset[str]
    find: Callable[[Reading, Lexis], Iterable[Spot]]
    best: float = 1.0
    """The highest score it gives: it is left out where no such score counts."""
    hint: str = ""
    """A pattern for `re` and RE2 that is in every text it finds something in; "" when unknown."""


_LONG_NUMBER = "[0-9][0-9 ./:()\n\r,\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2212-]{5}"
_WEB = r"@|://|\.[a-z][a-z]|:[0-9A-Fa-f:]|-[0-9A-Fa-f][0-9A-Fa-f]-|[\[(]at[\])]"


RECOGNISERS: tuple[Recogniser, ...] = (  # what comes first may settle what numbers are
    Recogniser("web", frozenset({"EMAIL", "URL", "IP", "MAC", "USERNAME"}), web, hint=_WEB),
    Recogniser(
        "numbers",
        frozenset({"CREDIT_CARD", "IP", "DATE", "SSN", "GPS", "PHONE"}),
        numbers,
        hint=_LONG_NUMBER,
    ),
    Recogniser("ibans", frozenset({"IBAN"}), ibans, hint=_LONG_NUMBER),
    Recogniser("addresses", frozenset({"ADDRESS"}), addresses),
    Recogniser("dates", frozenset({"DATE", "AGE"}), dates),
    Recogniser("identity", frozenset({"ID", "CRYPTO", "ADDRESS"}), identity),
    Recogniser(
        "names", frozenset({"NAME", "ORGANIZATION", "PLACE", "NATIONALITY", "OCCUPATION"}), names
    ),
    Recogniser("durations", frozenset({"DATE"}), durations, 0.32),
    Recogniser("amounts", frozenset({"AMOUNT"}), amounts, 0.35),
    Recogniser("ages", frozenset({"AGE"}), ages_in_words),
    Recogniser("occupations", frozenset({"OCCUPATION"}), occupations),
    Recogniser("secrets", frozenset({"SECRET"}), secrets),
)


@functools.cache
def installed() -> tuple[Recogniser, ...]:
    """Return the recognisers that installed packages offer (group ``ai_catalyst.recognisers``)."""
    return tuple(point.load() for point in entry_points(group="ai_catalyst.recognisers"))
