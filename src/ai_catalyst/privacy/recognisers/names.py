"""Names of people, organisations and places, by weighted evidence.

Candidates are runs of words with a capital. What a run is, is weighed: lists (a weight, never a
verdict), titles, the words before and after, whether its words are ordinary ones, and where else in
the text they stand. Nothing here is certain, so scores stay below those of numbers with checks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.lowercase import lower_case
from ai_catalyst.privacy.recognisers.organisations import (
    acronyms,
    company,
    firm,
    organisation,
    widened,
)
from ai_catalyst.privacy.recognisers.places import gazetteer
from ai_catalyst.privacy.recognisers.runs import PART, Run, Style, Word, runs
from ai_catalyst.privacy.recognisers.wordbook import (
    ABBREVIATED,
    ACRONYM,
    BODY,
    CAMEL,
    CAPITAL,
    COMMON,
    DEMONYM,
    FOREIGN,
    GIVEN,
    INITIAL,
    LAND,
    LEAD,
    LEGAL,
    NEVER,
    OFFICE,
    PARTICLE,
    PLACE,
    PLACE_HEAD,
    PLAIN_TITLE,
    SHOUTED,
    SURNAME,
    TITLE,
    WordBook,
    weight,
)

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["names"]

_LOWER_TITLE = re.compile(
    r"(?<![\w])(mrs?|ms|dr|prof|miss|sir|madam|herr|frau|señora?|sra?|monsieur|madame|mme|sig|dhr|mevr)\.?[ ]\Z"
)
_LOWER_TITLES = words(
    "mr mrs ms dr prof miss sir madam herr frau señor señora sr sra monsieur madame mme sig dhr mevr"
)
_LOWER_ENDS = tuple(f"{title}{stop} " for title in _LOWER_TITLES for stop in ("", "."))
_SPEECH = words(
    "said says asked told wrote writes replied answered added called calls thinks thought "
    "wants wanted lives lived works worked moved born died married met visited loves "
    "likes is was has had will would went came left arrived sent reported claims claimed "
    "alleged stated testified complained spent who made took became"
)
_NOT_IN_NAMES = words("of and for the & at et en e y i und")
_IN = words(
    "in near at visit visiting visited southern northern eastern western central downtown "
    "across throughout village town city district region province municipality aus bei à "
    "en nel presso te"
)


class _Context(NamedTuple):
    """What judges of a run's parts need."""

    lexis: Lexis
    style: Style
    titles: bool
    """Whether the text holds a form of address at all."""
    judged: dict[Any, list[Spot]]
    """What runs of known words are, wherever they stand."""


_SPOKEN = COMMON | FOREIGN | PLACE_HEAD | DEMONYM | BODY | LEGAL
_DECISIVE = LEGAL | PLACE_HEAD | BODY | OFFICE | LAND | DEMONYM
_Judge = Callable[[Run, int, _Context], tuple[int, Spot | None]]
_books: WeakKeyDictionary[Lexis, WordBook] = WeakKeyDictionary()


def names(reading: Reading, lexis: Lexis) -> Iterable[Spot]:
    """Find people, organisations, places, and who people are by nation or faith."""
    book = _books.get(lexis)
    if book is None:
        book = _books[lexis] = WordBook(lexis)
    style = Style(reading, lexis)
    context = _Context(lexis, style, bool(reading.vocabulary & _LOWER_TITLES), book.judged)
    found = list(runs(reading, book, style))
    spots: list[Spot] = []
    for run in found:
        _judge(run, context, spots)
    spots += lower_case(reading, lexis, style)
    if len(found) > 1:
        spots += firm(reading, spots)
        spots += acronyms(reading.text, found)
    spots = _towns_and_countries(reading.text, [widened(reading.text, spot) for spot in spots])
    return _propagated(reading, spots, book)


def _judge(run: Run, context: _Context, spots: list[Spot]) -> None:
    """Cut a run into its parts and add what each is.

    Where nothing around a run was asked for, the same words are the same everywhere: that is
    remembered, for runs of words that are known (a name that is not stays where it is).
    """
    words = run.words
    start = words[0].start
    key = (tuple(word.text for word in words), context.style.key) if len(words) > 1 else None
    if key is not None and not _after_title(run, context):
        known = context.judged.get(key)
        if known is not None:
            for spot in known:
                spots.append(Spot(spot[0], spot[1] + start, spot[2] + start, spot[3], spot[4]))
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


def _after_title(run: Run, context: _Context) -> bool:
    """Whether a form of address in small letters stands before a run (``ms. Muster``)."""
    if not context.titles:
        return False
    start = run.words[0].start
    return run.reading.text[max(0, start - 9) : start].endswith(_LOWER_ENDS)


def _parts(run: Run, context: _Context) -> Iterator[Spot]:
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


def _judges(words: list[Word]) -> tuple[_Judge, ...]:
    """Return, in order, those who may have something to say about these words."""
    bits = 0
    for word in words:
        bits |= word.bits
    return _chosen(bits & _DECISIVE, min(len(words), 3))


@functools.lru_cache(maxsize=1024)
def _chosen(bits: int, size: int) -> tuple[_Judge, ...]:
    chosen: list[_Judge] = []
    if bits & LEGAL and size > 1:
        chosen.append(company)
    chosen.append(_titled)
    if bits & PLACE_HEAD and size > 1:
        chosen.append(_long_place)
    if bits & BODY and size > 1:
        chosen.append(organisation)
    if bits & OFFICE and size > 2:
        chosen.append(_office)
    if bits & LAND and size > 1:
        chosen.append(_land)
    if bits & PLACE_HEAD:
        chosen.append(_known_place)
    if bits & DEMONYM:
        chosen.append(_demonym)
    chosen.append(_person)
    return tuple(chosen)


def _titled(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
    words = run.words
    stop = at
    while stop < len(words) and words[stop].bits & TITLE and not words[stop].bits & INITIAL:
        stop += 1
    start = words[at].start
    if stop == at:
        if at or not _after_title(run, context):
            return 0, None
        lead = _LOWER_TITLE.search(run.reading.text[max(0, start - 12) : start])
        if lead is None:
            return 0, None
        start -= len(lead.group())
    plain = stop == at or bool(words[at].bits & PLAIN_TITLE)
    end = _name_end(words, stop, context, strict=not plain)
    if end == stop:
        return 0, None
    if not plain:  # an office is said of many people: only the name is taken
        return end - at, Spot("NAME", words[stop].start, words[end - 1].end, 0.7, "name-office")
    return end - at, Spot("NAME", start, words[end - 1].end, 0.9, "name-title")


def _name_like(word: Word, style: Style) -> bool:
    """Whether a word may be part of a name: unknown, or known as one."""
    if word.bits & (NEVER | ABBREVIATED):
        return False
    return not word.bits & style.ordinary or weight(word.bits) >= 2


def _name_end(words: list[Word], at: int, context: _Context, *, strict: bool) -> int:
    """Return where the words of one person's name end that begins at ``at``."""
    end = at
    while end < len(words) and end - at < 6:
        word = words[end]
        bits = word.bits
        if end > at and word.start > words[end - 1].end + 2:  # after a possessive
            break
        if bits & PARTICLE and not bits & CAPITAL:
            if (end == at and strict) or end + 1 == len(words) or word.low in _NOT_IN_NAMES:
                break
            end += 1
            continue
        if bits & LEGAL or (end > at and bits & (BODY | DEMONYM)):
            break
        lone = not strict and end == at and not bits & (COMMON | NEVER)
        if not (bits & INITIAL or _name_like(word, context.style) or lone):
            break
        end += 1
    while end > at and not words[end - 1].bits & CAPITAL:
        end -= 1
    return end


def _long_place(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
    """Take places of several words first: ``Czech Republic`` is no organisation."""
    taken, spot = _known_place(run, at, context)
    return (taken, spot) if taken > 1 else (0, None)


def _known_place(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
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
        and _name_like(following, style)
        and not following.bits & (PLACE | PLACE_HEAD)
    )


def _is_initialism(run: Run, at: int, context: _Context) -> bool:
    word = run.words[at]
    short = bool(word.bits & SHOUTED) and len(word.text) < 3
    return short and word.text not in ("UK", "US", "EU") and not _place_cue(run, at, context)


def _land(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
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


def _office(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
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


_SECTIONS = words("section chamber court registry division board committee meeting house")


_MONEY = words(
    "lira dollar pound franc mark schilling krona krone kronor kroner zloty peso rupee ruble"
)


def _demonym(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
    word = run.words[at]
    if word.bits & DEMONYM and word.bits & CAPITAL:
        if at + 1 == len(run.words) and run.after.rstrip("s") in _MONEY:
            return 1, None
        return 1, Spot("NATIONALITY", word.start, word.end, 0.6, "demonym")
    return 0, None


def _person(run: Run, at: int, context: _Context) -> tuple[int, Spot | None]:
    words = run.words
    if not words[at].bits & CAPITAL or not _starts_name(run, at, context):
        return 0, None
    end = max(at + 1, _name_end(words, at, context, strict=False))
    score, place = _evidence(run, at, end, context)
    if score < 0.3:
        return end - at, None
    kind, why = ("PLACE", "place-cue") if place else ("NAME", "name")
    return end - at, Spot(kind, words[at].start, words[end - 1].end, min(score, 0.9), why)


def _starts_name(run: Run, at: int, context: _Context) -> bool:
    words, style = run.words, context.style
    bits = words[at].bits
    if bits & (NEVER | ABBREVIATED) or (bits & LEGAL and bits & SHOUTED):
        return False
    if bits & INITIAL and at == 0 and len(words) > 1 and _begins_line(run):
        following = words[1].bits  # a heading has an ordinary word: ``B. Imposition of a fine``
        return bool(weight(following)) or not following & style.ordinary
    if not bits & style.ordinary:
        return True
    known = weight(bits)
    if at + 1 < len(words) and words[at + 1].bits & CAPITAL:
        following = words[at + 1]
        strong = _name_like(following, style) and not following.bits & style.ordinary
        strong = strong or bool(following.bits & INITIAL) or weight(following.bits) >= 2 <= known
        return known >= 1 and strong and not bits & LEAD
    if known and _cue(run, at, context) >= 0.2:
        return True
    if at == 0 and run.first:
        return known >= 2 and run.label_after
    return known >= 3 and at == 0


def _begins_line(run: Run) -> bool:
    return run.start == 0 or run.reading.text[run.start - 1] == "\n"


def _evidence(run: Run, at: int, end: int, context: _Context) -> tuple[float, bool]:
    """Weigh what speaks for a name; returns the score and whether it is rather a place."""
    words, style = run.words[at:end], context.style
    known = every = 0
    any_bits, ordinary = 0, False
    for word in words:
        bits = word.bits
        own = weight(bits)
        known = max(known, own)
        any_bits |= bits
        every += 1 if bits & INITIAL or len(word.text) == 1 else 0
        ordinary = ordinary or bool(bits & style.ordinary and bits & CAPITAL)
    score = 0.32 + 0.07 * (words[0].bits & GIVEN)
    score += 0.05 * ((words[-1].bits & SURNAME) >> 2) + 0.12 if len(words) > 1 else 0.04 * known
    if any_bits & INITIAL:
        score += 0.1
    if not ordinary:
        score += 0.18 if style.english and not style.nouns else 0.08
    first = at == 0 and run.first
    if first and len(words) == 1 and not known and not style.english:
        score -= 0.15
    if style.nouns and not known:
        score -= 0.2
    cue = _cue(run, at, context)
    score += cue
    if end == len(run.words) and run.after in _SPEECH:
        score += 0.08
    if first and known and run.label_after:
        score += 0.1
    if every == len(words):
        score -= 0.3
    if any_bits & (ACRONYM | SHOUTED | CAMEL):
        score -= _odd(words, style)
    place = _is_place(run, at, end, context, cue)
    if place:
        score += (
            0.15 if words[0].bits & SHOUTED and len(words[0].text) > 3 else 0.0 if cue else 0.05
        )
    return score, place


def _odd(words: list[Word], style: Style) -> float:
    """Return what speaks against a name in how it is written."""
    against = 0.0
    for word in words:
        if word.bits & ACRONYM and not style.upper:
            against = max(against, 0.25)
        elif word.bits & SHOUTED and not style.upper:
            against = max(against, 0.1)
        elif word.bits & CAMEL:
            against = max(against, 0.15)
    return against


def _cue(run: Run, at: int, context: _Context) -> float:
    """Return what the words right before a name add."""
    lexis = context.lexis
    if at:
        return 0.1 if run.words[at - 1].low in lexis.kin else 0.0
    if run.label:
        labels = lexis.name_labels
        said = run.label.replace(" ", "_") in labels or run.label.split()[-1] in labels
        return 0.3 if said else 0.05
    if not run.before:
        return 0.0
    last = run.before[-1]
    for befores in lexis.name_cues.get(last, ()):
        size = len(befores)
        if not size or tuple(run.before[-1 - size : -1]) == befores:
            return 0.3 if size else 0.12
    return 0.2 if last in lexis.kin else 0.0


def _is_place(run: Run, at: int, end: int, context: _Context, cue: float) -> bool:
    if at or cue >= 0.2 or not run.before:
        return False
    words = run.words[at:end]
    known_place = bool(words[0].bits & PLACE)
    person = max(weight(word.bits) for word in words)
    if run.before[-1] in context.lexis.place_cues:
        return known_place or (person < 3 and run.before[-1] in _IN)
    return known_place and not person


def _place_cue(run: Run, at: int, context: _Context) -> bool:
    return at == 0 and bool(run.before) and run.before[-1] in context.lexis.place_cues


def _towns_and_countries(text: str, spots: list[Spot]) -> list[Spot]:
    """Take a town and the country after it for one place: ``Erlenbach, Germany``."""
    found: list[Spot] = []
    for spot in spots:
        last = found[-1] if found else None
        follows = last is not None and last.kind in ("PLACE", "NAME")
        if follows and last is not None and spot.recogniser == "place-list":
            if text[last.end : spot.start] == ", ":
                found[-1] = spot._replace(start=last.start, recogniser="place-in-country")
                continue
        found.append(spot)
    return found


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
