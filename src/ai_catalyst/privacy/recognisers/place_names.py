"""Places by name or by the kind of place they are; peoples; offices that are held of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.judging import name_like, place_cue
from ai_catalyst.privacy.recognisers.places import gazetteer
from ai_catalyst.privacy.recognisers.wordbook import (
    CAPITAL,
    DEMONYM,
    LAND,
    LEAD,
    NEVER,
    OFFICE,
    PLACE,
    PLACE_HEAD,
    SHOUTED,
    weight,
)

if TYPE_CHECKING:
    from ai_catalyst.privacy.recognisers.judging import Context
    from ai_catalyst.privacy.recognisers.runs import Run, Style, Word

__all__ = ["demonym", "known_place", "land", "long_place", "office", "towns_and_countries"]

_SECTIONS = words("section chamber court registry division board committee meeting house")
_MONEY = words(
    "lira dollar pound franc mark schilling krona krone kronor kroner zloty peso rupee ruble"
)


def long_place(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take places of several words first: ``Czech Republic`` is no organisation."""
    taken, spot = known_place(run, at, context)
    return (taken, spot) if taken > 1 else (0, None)


def known_place(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take a country, town or region that the gazetteer names."""
    words = run.words
    first = words[at]
    if not first.bits & PLACE_HEAD:
        return 0, None
    phrases = gazetteer().phrases
    for rest in phrases.get(first.low) or phrases.get(first.low.rstrip("."), []):
        size = 1 + len(rest)
        if tuple(word.low for word in words[at + 1 : at + size]) != rest:
            continue
        if size == 1 and (
            _is_somebody(words, at, context.style) or _is_initialism(run, at, context)
        ):
            return 0, None
        return size, Spot("PLACE", first.start, words[at + size - 1].end, 0.7, "place-list")
    return 0, None


def _is_somebody(words: list[Word], at: int, style: Style) -> bool:
    """Whether a town's name is rather a person's: ``Paris Hilton``."""
    if at + 1 >= len(words) or not weight(words[at].bits):
        return False
    following = words[at + 1]
    return (
        bool(following.bits & CAPITAL)
        and name_like(following, style)
        and not following.bits & (PLACE | PLACE_HEAD)
    )


def _is_initialism(run: Run, at: int, context: Context) -> bool:
    word = run.words[at]
    short = bool(word.bits & SHOUTED) and len(word.text) < 3
    return short and word.text not in ("UK", "US", "EU") and not place_cue(run, at, context)


def land(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take a name with the kind of place it is of: ``Kola Peninsula``, ``District of Kyrenia``."""
    words = run.words
    if words[at].bits & LAND and at + 2 < len(words) and words[at + 1].low == "of":
        end = at + 2
        while end < len(words) and words[end].bits & CAPITAL:
            end += 1
        if words[at + 2].bits & CAPITAL:
            return end - at, Spot("PLACE", words[at].start, words[end - 1].end, 0.6, "place-of")
        return 0, None
    end = at
    while (
        end < len(words)
        and words[end].bits & CAPITAL
        and not words[end].bits & (LAND | LEAD | NEVER)
    ):
        end += 1
    if (
        end == at
        or end == len(words)
        or not words[end].bits & LAND
        or not words[end].bits & CAPITAL
    ):
        return 0, None
    if all(word.bits & context.style.ordinary for word in words[at:end]):
        return 0, None
    return end + 1 - at, Spot("PLACE", words[at].start, words[end].end, 0.6, "place-land")


def office(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take an office that one person holds: ``Minister of Agriculture and Food``."""
    words = run.words
    head = at
    while head < len(words) and words[head].bits & CAPITAL and not words[head].bits & OFFICE:
        head += 1
    if head + 2 >= len(words) or not words[head].bits & OFFICE or words[at].bits & LEAD:
        return 0, None
    if words[head + 1].low not in ("of", "for") or words[head + 2].low in _SECTIONS:
        return 0, None
    end = head + 2
    while end < len(words) and (words[end].bits & CAPITAL or words[end].low in ("and", "the")):
        end += 1
    while end > head + 2 and not words[end - 1].bits & CAPITAL:
        end -= 1
    if not words[end - 1].bits & CAPITAL:
        return 0, None
    return end - at, Spot("OCCUPATION", words[at].start, words[end - 1].end, 0.52, "office-of")


def demonym(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take what people of a nation or faith are called; not their money."""
    word = run.words[at]
    if word.bits & DEMONYM and word.bits & CAPITAL:
        if at + 1 == len(run.words) and run.after.rstrip("s") in _MONEY:
            return 1, None
        return 1, Spot("NATIONALITY", word.start, word.end, 0.6, "demonym")
    return 0, None


def towns_and_countries(text: str, spots: list[Spot]) -> list[Spot]:
    """Take a town and the country after it for one place: ``Erlenbach, Germany``."""
    found: list[Spot] = []
    for spot in spots:
        last = found[-1] if found else None
        if last is not None and _in_country(text, last, spot):
            found[-1] = spot._replace(start=last.start, recogniser="place-in-country")
        else:
            found.append(spot)
    return found


def _in_country(text: str, town: Spot, country: Spot) -> bool:
    listed = country.recogniser == "place-list" and town.kind in ("PLACE", "NAME")
    return listed and text[town.end : country.start] == ", "
