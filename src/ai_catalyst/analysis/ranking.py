"""Which sentences say most: likeness to the whole text, place in it, and fitness to stand alone.

The score of a sentence is the cosine between its term vector and the text's centroid (Radev et
al., Centroid-based summarization, 2004), in place of a full sentence graph, whose time grows with
the square of the text; sentences too like those already chosen are passed over (MMR, Carbonell and
Goldstein, 1998).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2, sqrt

from ai_catalyst.analysis.lexicon import Lexicon
from ai_catalyst.analysis.sentences import Sentence, Unit
from ai_catalyst.analysis.words import WORD, content_terms

__all__ = ["Ranked", "coverage", "is_figure", "rank", "select", "term_weights"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A sentence with its terms and its score (higher says more)."""

    sentence: Sentence
    terms: frozenset[str]
    score: float


_FLOOR = 30.0
_LOOKED_AT = 600
_LEAST = 0.08  # what scores less than this share of the best says nothing
_UNIT_FACTOR = {
    Unit.PROSE: 1.0,
    Unit.ITEM: 0.8,
    Unit.FIELD: 0.55,
    Unit.QUOTE: 0.35,
    Unit.ROW: 0.3,
    Unit.HEADING: 0.15,
}
_PRIVATE = re.compile(
    r"\S@[\w.\-]{1,80}\.\w|\b(?:\d[ \-]?){9,}\b|\b[A-Z]{2}\d{2} ?[A-Z0-9]{4}\b|\b\d{3}[- ]\d{4}\b"
    r"|^(?:e-?mail|phone|telephone|tel|fax|mobile|telefon|address|adresse|iban|id)\b[^:]{0,20}:",
    re.IGNORECASE,
)
"""Addresses and numbers of people: a report is no place to repeat them."""
_FIGURES = re.compile(
    r"\b(?:total|sum|amount|balance|due|date|number|deadline|gesamt\w*|summe|betrag|datum|rechnung\w*"
    r"|montant|échéance|importe|fecha|totale?|importo|scadenza|totaal|bedrag|valor|vencimento)\b",
    re.IGNORECASE,
)
_CHROME = re.compile(
    r"https?://|www\.|©|\bcookies?\b|\bsubscribe|\bsign up\b|\bnewsletter\b|\bclick here\b"
    r"|\ball rights reserved\b|\bfollow us\b|\bread more\b|\bterms of (?:use|service)\b"
    r"|\badvertisement\b|\bphoto(?:graph)? by\b|\bphoto:|\bimage:|\bunsubscribe|\badvertiser|"
    r"\bweiterlesen\b|\babonnieren\b|\bimpressum\b|\balle rechte vorbehalten\b"
    r"|\btous droits réservés\b|\btodos los derechos\b|\bgreetings?\b|\bbest regards\b"
    r"|\bkind regards\b|^thank(?:s| you)\b|^vielen dank\b|^merci\b|^gracias\b|^grazie\b|^bedankt\b"
    r"|\bmit freundlichen grüßen\b|\bsent from my\b",
    re.IGNORECASE,
)


def term_weights(terms: Iterable[frozenset[str]], title_terms: Iterable[str]) -> dict[str, float]:
    """Return the weight of each term: log of the sentences that hold it, more if in the title."""
    counts: Counter[str] = Counter()
    for found in terms:
        counts.update(found)
    weights = {term: log2(1 + count) for term, count in counts.items()}
    for term in title_terms:
        if term in weights:
            weights[term] *= 1.6
    return weights


def rank(
    sentences: Sequence[Sentence], words: Lexicon, title: str = ""
) -> tuple[list[Ranked], dict[str, float]]:
    """Score the sentences; returns the best 600 in order of the text, and all terms' weights."""
    terms = [frozenset(content_terms(one.text, words)) - words.weak for one in sentences]
    weights = term_weights(terms, content_terms(title, words))
    blocks = sentences[-1].block + 1 if sentences else 1
    # Headings, bylines and addresses stand before the text; they don't push its beginning down.
    start = next((one.block for one in sentences if one.unit is Unit.PROSE), 0)
    first = [
        Ranked(one, found, _likeness(found, weights) * _placed(one, start, blocks))
        for one, found in zip(sentences, terms, strict=True)
    ]
    if len(first) > _LOOKED_AT:  # how well a sentence reads is the dear part: only for the best
        best = sorted(first, key=lambda one: (-one.score, one.sentence.index))[:_LOOKED_AT]
        first = sorted(best, key=lambda one: one.sentence.index)
    ranked = [
        Ranked(one.sentence, one.terms, one.score * _standing(one.sentence, words.dangling))
        for one in first
    ]
    return ranked, weights


def _likeness(terms: frozenset[str], weights: Mapping[str, float]) -> float:
    """Cosine with the centroid up to a constant; a floor on length, or two-word lines would win."""
    if not terms:
        return 0.0
    return sum(weights[term] ** 2 for term in terms) / sqrt(
        sum(weights[term] ** 2 for term in terms) + _FLOOR
    )


def _placed(sentence: Sentence, start: int, blocks: int) -> float:
    """What stands early says what it is about; the first sentence of a paragraph leads it."""
    early = 1.0 / (1.0 + abs(sentence.block - start) * min(1.0, 12.0 / blocks))
    last = 0.1 if sentence.block >= blocks - 2 and blocks > 6 else 0.0
    first = 0.1 if sentence.first else 0.0
    return (1.0 + early + last + first) * _UNIT_FACTOR[sentence.unit]


def _standing(sentence: Sentence, dangling: frozenset[str]) -> float:
    """How well a sentence can be read without those around it (a factor up to 1)."""
    text = sentence.text
    words = WORD.findall(text)
    factor = _length_factor(len(words)) if len(text) > 2 * len(words) else 0.3
    if words and words[0].lower() in dangling:
        factor *= 0.6
    if text.endswith(("?", "?”", '?"')):
        factor *= 0.35
    if text.endswith((":", "…", "...")):
        factor *= 0.6
    if text[0] in "\"“„«‘'" or text.endswith(("”", '"', "“", "»")):
        factor *= 0.75
    if sum(len(word) == 1 for word in words) * 5 > len(words):  # formulas
        factor *= 0.3
    if _CHROME.search(text):
        factor *= 0.3
    if _PRIVATE.search(text):
        factor *= 0.02
    return factor * _letters(text)


def _length_factor(words: int) -> float:
    if words < 5:
        return 0.25
    if words < 9:
        return 0.75
    return 1.0 if words <= 38 else max(0.35, 38 / words)


def _letters(text: str) -> float:
    """Punish what is mostly figures, or written in capitals."""
    sample = text[:300]
    letters = sum(map(str.isalpha, sample))
    if letters * 10 < len(sample) * 6:
        return 0.4
    return 0.5 if sum(map(str.isupper, sample)) * 2 > letters else 1.0


def is_figure(sentence: Sentence) -> bool:
    """Whether a line of a form tells an amount, a date or a number that the form is about."""
    return (
        sentence.unit is Unit.FIELD
        and _FIGURES.search(sentence.text) is not None
        and _PRIVATE.search(sentence.text) is None
    )


def select(
    ranked: Sequence[Ranked], count: int, *, chosen: Sequence[Ranked] = (), chars: int = 10_000
) -> list[Ranked]:
    """Choose up to `count` sentences, best first, none too like another or those in `chosen`."""
    taken = list(chosen)
    found: list[Ranked] = []
    room = chars
    # Only the best can be chosen, however long the text is.
    best = sorted(ranked, key=lambda one: (-one.score, one.sentence.index))[: 40 + 10 * count]
    for candidate in best:
        if len(found) == count or candidate.score <= _LEAST * best[0].score:
            break
        if len(candidate.sentence.text) > room or _repeats(candidate, taken):
            continue
        taken.append(candidate)
        found.append(candidate)
        room -= len(candidate.sentence.text)
    return found


def _repeats(candidate: Ranked, taken: Sequence[Ranked]) -> bool:
    for other in taken:
        shorter = min(len(candidate.terms), len(other.terms)) or 1
        if len(candidate.terms & other.terms) / shorter > 0.6:
            return True
    return False


def coverage(chosen: Iterable[Ranked], weights: Mapping[str, float]) -> float:
    """Return the share of the text's term weight that the chosen sentences hold (0 to 1)."""
    total = sum(weight * weight for weight in weights.values())
    held = frozenset[str]().union(*(one.terms for one in chosen))
    return sum(weights[term] ** 2 for term in held) / total if total else 0.0
