"""People: by their titles, and by the weight of what speaks for a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.judging import after_title, name_like
from ai_catalyst.privacy.recognisers.wordbook import (
    ABBREVIATED,
    ACRONYM,
    BODY,
    CAMEL,
    CAPITAL,
    COMMON,
    DEMONYM,
    GIVEN,
    INITIAL,
    LEAD,
    LEGAL,
    NEVER,
    PARTICLE,
    PLACE,
    PLAIN_TITLE,
    SHOUTED,
    SURNAME,
    TITLE,
    weight,
)

if TYPE_CHECKING:
    from ai_catalyst.privacy.recognisers.judging import Context
    from ai_catalyst.privacy.recognisers.runs import Run, Style, Word

__all__ = ["person", "titled"]

_LOWER_TITLE = re.compile(
    r"(?<![\w])(mrs?|ms|dr|prof|miss|sir|madam|herr|frau|señora?|sra?|monsieur|madame|mme|sig|dhr|mevr)\.?[ ]\Z"
)
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


def titled(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take a name after a form of address, with it; after an office, without it."""
    words = run.words
    stop = at
    while stop < len(words) and words[stop].bits & TITLE and not words[stop].bits & INITIAL:
        stop += 1
    start = words[at].start
    if stop == at:
        if at or not after_title(run, context):
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


def _name_end(words: list[Word], at: int, context: Context, *, strict: bool) -> int:
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
        if not (bits & INITIAL or name_like(word, context.style) or lone):
            break
        end += 1
    while end > at and not words[end - 1].bits & CAPITAL:
        end -= 1
    return end


def person(run: Run, at: int, context: Context) -> tuple[int, Spot | None]:
    """Take words for a name when enough speaks for it."""
    words = run.words
    if not words[at].bits & CAPITAL or not _starts_name(run, at, context):
        return 0, None
    end = max(at + 1, _name_end(words, at, context, strict=False))
    score, place = _evidence(run, at, end, context)
    if score < 0.3:
        return end - at, None
    kind, why = ("PLACE", "place-cue") if place else ("NAME", "name")
    return end - at, Spot(kind, words[at].start, words[end - 1].end, min(score, 0.9), why)


def _starts_name(run: Run, at: int, context: Context) -> bool:
    words, style = run.words, context.style
    bits = words[at].bits
    if bits & (NEVER | ABBREVIATED) or (bits & LEGAL and bits & SHOUTED):
        return False
    if bits & INITIAL and at == 0 and len(words) > 1 and _begins_line(run):
        after = words[1].bits  # a heading has an ordinary word: ``B. Imposition of a fine``
        return bool(weight(after)) or not after & style.ordinary
    if not bits & style.ordinary:
        return True
    known = weight(bits)
    if at + 1 < len(words) and words[at + 1].bits & CAPITAL:
        following = words[at + 1]
        strong = name_like(following, style) and not following.bits & style.ordinary
        strong = strong or bool(following.bits & INITIAL) or weight(following.bits) >= 2 <= known
        return known >= 1 and strong and not bits & LEAD
    if known and _cue(run, at, context) >= 0.2:
        return True
    if at == 0 and run.first:
        return known >= 2 and run.label_after
    return known >= 3 and at == 0


def _begins_line(run: Run) -> bool:
    return run.start == 0 or run.reading.text[run.start - 1] == "\n"


def _evidence(run: Run, at: int, end: int, context: Context) -> tuple[float, bool]:
    """Weigh what speaks for a name; returns the score and whether it is rather a place."""
    words, style = run.words[at:end], context.style
    known = max([weight(word.bits) for word in words])
    any_bits = 0
    for word in words:
        any_bits |= word.bits
    score = _listed(words, known) + _spelled(words, any_bits, style)
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
    place = _is_place(run, at, end, context, cue)
    if place:
        score += (
            0.15 if words[0].bits & SHOUTED and len(words[0].text) > 3 else 0.0 if cue else 0.05
        )
    return round(score, 3), place  # sums of tenths: 0.5 is to be 0.5


def _listed(words: list[Word], known: int) -> float:
    """Return what the lists of names say; two words say more than one."""
    score = 0.32 + 0.07 * (words[0].bits & GIVEN)
    if len(words) > 1:
        return score + 0.05 * ((words[-1].bits & SURNAME) >> 2) + 0.12
    return score + 0.04 * known


def _spelled(words: list[Word], bits: int, style: Style) -> float:
    """Return what is said by how the words are written, and by whether they are ordinary ones."""
    score = 0.1 if bits & INITIAL else 0.0
    ordinary = style.ordinary
    if not any(word.bits & ordinary and word.bits & CAPITAL for word in words):
        score += 0.18 if style.english and not style.nouns else 0.08
    if all(word.bits & INITIAL or len(word.text) == 1 for word in words):
        score -= 0.3
    return score - _odd(words, style) if bits & (ACRONYM | SHOUTED | CAMEL) else score


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


def _cue(run: Run, at: int, context: Context) -> float:
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


def _is_place(run: Run, at: int, end: int, context: Context, cue: float) -> bool:
    if at or cue >= 0.2 or not run.before:
        return False
    words = run.words[at:end]
    known_place = bool(words[0].bits & PLACE)
    person = max(weight(word.bits) for word in words)
    if run.before[-1] in context.lexis.place_cues:
        return known_place or (person < 3 and run.before[-1] in _IN)
    return known_place and not person
