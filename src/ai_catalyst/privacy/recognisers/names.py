"""Names of people, organisations and places, by weighted evidence.

Candidates are runs of words with a capital. What a run is, is weighed: lists (a weight, never a
verdict), titles, the words before and after, whether its words are ordinary ones, and where else in
the text they stand. Nothing here is certain, so scores stay below those of numbers with checks.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.judging import LOWER_TITLES, Context, Judge, after_title
from ai_catalyst.privacy.recognisers.lowercase import lower_case
from ai_catalyst.privacy.recognisers.organisations import (
    acronyms,
    company,
    firm,
    organisation,
    widened,
)
from ai_catalyst.privacy.recognisers.people import person, titled
from ai_catalyst.privacy.recognisers.place_names import (
    demonym,
    known_place,
    land,
    long_place,
    office,
    towns_and_countries,
)
from ai_catalyst.privacy.recognisers.runs import PART, Run, Style, Word, runs
from ai_catalyst.privacy.recognisers.wordbook import (
    BODY,
    CAPITAL,
    COMMON,
    DEMONYM,
    FOREIGN,
    LAND,
    LEGAL,
    OFFICE,
    PLACE_HEAD,
    WordBook,
)

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["names"]


_SPOKEN = COMMON | FOREIGN | PLACE_HEAD | DEMONYM | BODY | LEGAL
_DECISIVE = LEGAL | PLACE_HEAD | BODY | OFFICE | LAND | DEMONYM


@functools.lru_cache(maxsize=16)
def _book(lexis: Lexis) -> WordBook:
    return WordBook(lexis)


def names(reading: Reading, lexis: Lexis) -> Iterable[Spot]:
    """Find people, organisations, places, and who people are by nation or faith."""
    book = _book(lexis)
    style = Style(reading, lexis)
    context = Context(lexis, style, bool(reading.vocabulary & LOWER_TITLES), book.judged)
    found = list(runs(reading, book, style))
    spots: list[Spot] = []
    for run in found:
        _judge(run, context, spots)
    spots += lower_case(reading, lexis, style)
    text = reading.text
    if len(found) > 1:
        spots += firm(reading, spots)
        spots += acronyms(text, found)
    kinds = {spot[0] for spot in spots}
    if "ORGANIZATION" in kinds:
        spots = [widened(text, spot) for spot in spots]
    if len(spots) > 1 and "PLACE" in kinds:
        spots = towns_and_countries(text, spots)
    weak = any(spot[3] < 0.6 for spot in spots)
    return _propagated(reading, spots, book) if weak and "NAME" in kinds else spots


def _judge(run: Run, context: Context, spots: list[Spot]) -> None:
    """Cut a run into its parts and add what each is.

    Where nothing around a run was asked for, the same words are the same everywhere: that is
    remembered, for runs of words that are known (a name that is not stays where it is).
    """
    words = run.words
    start = words[0].start
    key = (tuple(word.text for word in words), context.style.key) if len(words) > 1 else None
    if key is not None and not after_title(run, context):
        known = context.judged.get(key)
        if known is not None:
            for spot in known:
                kind, begin, stop, score, why = spot
                spots.append(Spot(kind, begin + start, stop + start, score, why))
            return
    found = list(_parts(run, context))
    spots += found
    if key is not None and not run.asked and _all_known(words):
        if len(context.judged) > _REMEMBERED:
            context.judged.clear()
        context.judged[key] = [
            Spot(spot[0], spot[1] - start, spot[2] - start, spot[3], spot[4]) for spot in found
        ]


_REMEMBERED = 8192


def _all_known(words: list[Word]) -> bool:
    return all(word.bits & _SPOKEN or not word.bits & CAPITAL for word in words)


def _parts(run: Run, context: Context) -> Iterator[Spot]:
    words, at = run.words, 0
    judges = _judges(words)
    while at < len(words):
        for judge in judges:
            taken, spot = judge(run, at, context)
            if taken:
                if spot is not None:
                    yield spot
                at += taken
                break
        else:
            at += 1


def _judges(words: list[Word]) -> tuple[Judge, ...]:
    """Return, in order, those who may have something to say about these words."""
    bits = 0
    for word in words:
        bits |= word.bits
    return _chosen(bits & _DECISIVE, min(len(words), 3))


@functools.lru_cache(maxsize=1024)
def _chosen(bits: int, size: int) -> tuple[Judge, ...]:
    chosen: list[Judge] = []
    if bits & LEGAL and size > 1:
        chosen.append(company)
    chosen.append(titled)
    if bits & PLACE_HEAD and size > 1:
        chosen.append(long_place)
    if bits & BODY and size > 1:
        chosen.append(organisation)
    if bits & OFFICE and size > 2:
        chosen.append(office)
    if bits & LAND and size > 1:
        chosen.append(land)
    if bits & PLACE_HEAD:
        chosen.append(known_place)
    if bits & DEMONYM:
        chosen.append(demonym)
    chosen.append(person)
    return tuple(chosen)


def _propagated(reading: Reading, spots: list[Spot], book: WordBook) -> Iterator[Spot]:
    """Raise what stands elsewhere as a surer name: ``Yefremova`` after ``Faina D. Yefremova``."""
    sure: set[str] = set()
    text = reading.text
    for spot in spots:
        if spot.kind == "NAME" and spot.score >= 0.6:
            sure.update(
                part
                for part in PART.findall(text, spot.start, spot.end)
                if len(part) > 2 and not book[part][1] & (COMMON | FOREIGN)
            )
    for spot in spots:
        if sure and spot.score < 0.6 and spot.kind in ("NAME", "PLACE"):
            parts = [part for part in PART.findall(text, spot.start, spot.end) if len(part) > 2]
            if parts and all(part in sure for part in parts):
                yield spot._replace(kind="NAME", score=0.65, recogniser="name-again")
                continue
        yield spot
