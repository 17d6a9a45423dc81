"""Organisations: by their legal form, by the word that says what they are, by partners' names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.privacy.lexicon import traits
from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.wordbook import (
    ACRONYM,
    BODY,
    CAPITAL,
    COMMON,
    LEAD,
    LEGAL,
    NEVER,
    PLACE_HEAD,
    PLAIN_TITLE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ai_catalyst.privacy.reading import Reading
    from ai_catalyst.privacy.recognisers.runs import Run, Word

__all__ = ["acronyms", "company", "firm", "organisation", "widened"]

_JOINS = words("and & und et y e en i")
_OF = words("of for de du des della di del für van voor and the")


def company(run: Run, at: int, context: Any) -> tuple[int, Spot | None]:
    """Take a name with a legal form (``Loqate Inc``)."""
    words = run.words
    end = _legal_end(words, at)
    if not end:
        return 0, None
    start = _skip_lead(words, at, end - 1)
    return end - at, Spot(
        "ORGANIZATION", words[start].start, words[end - 1].end, 0.75, "org-legal-form"
    )


def organisation(run: Run, at: int, context: Any) -> tuple[int, Spot | None]:
    """Take a name around a word like *court*: what stands before it, and an ``of`` after it."""
    words = run.words
    begin = _skip_lead(words, at, len(words))
    heads = [n for n in range(begin, len(words)) if _is_body(words[n])]
    if not heads:
        return 0, None
    head = _last_head(words, begin, heads)
    for n in range(begin, head):
        if not words[n].bits & CAPITAL and words[n].low not in _JOINS:
            begin = n + 1
    end = _of_phrase(words, head + 1)
    if end == head + 1 and head == begin:
        return 0, None
    if any(word.bits & PLAIN_TITLE for word in words[begin:head]):
        return 0, None
    if any(_unknown(word, context) for word in words[at:begin]):
        return 0, None
    proper = any(_unknown(word, context) for word in words[begin:end])
    score = 0.65 if proper else 0.55
    return end - at, Spot("ORGANIZATION", words[begin].start, words[end - 1].end, score, "org-body")


def _unknown(word: Word, context: Any) -> bool:
    return bool(word.bits & CAPITAL) and not word.bits & (context.style.ordinary | LEAD)


def _is_body(word: Word) -> bool:
    return bool(word.bits & BODY and word.bits & CAPITAL)


def _legal_end(words: list[Word], at: int) -> int:
    end = 0
    for n in range(at + 1, len(words)):
        if words[n].bits & LEGAL and words[n].bits & CAPITAL:
            end = n + 1
        elif end:
            break
        elif words[n].low in ("of", "at", "for"):
            return 0
    return end


def _skip_lead(words: list[Word], at: int, last: int) -> int:
    """Leave out the words of the sentence before a name that begins with a capital of its own."""
    while at < last - 1 and (words[at].bits & LEAD or not words[at].bits & CAPITAL):
        at += 1
    return at


def _last_head(words: list[Word], begin: int, heads: list[int]) -> int:
    """Return the head whose modifiers stand right before it (``Istanbul Assize Court``)."""
    head = heads[0]
    for other in heads[1:]:
        if all(words[n].bits & CAPITAL for n in range(head, other)):
            head = other
    return head


def _of_phrase(words: list[Word], at: int) -> int:
    """Return where ``of Human Rights`` or ``for European Affairs`` after a head ends."""
    end = at
    while end < len(words) and end - at <= 9:
        n = end
        while n < len(words) and not words[n].bits & CAPITAL:
            n += 1
        if n >= len(words) or n == end or words[end].low not in _OF:
            return end
        if words[end].low == "and" and not words[n].bits & COMMON:
            return end
        end = n + 1
        while end < len(words) and words[end].bits & CAPITAL:
            end += 1
    return end


_WELL_KNOWN = words(
    "AI API APIs ASAP ATM BBC CD CEO CFO CIA CPU CSS CSV CV DIY DNA DNS DVD EC ECG ECHR EU FAQ FBI GDP GDPR GMT GPS "
    "GPU HIV HR HTML HTTP HTTPS IBM ID IDE IP ISO IT JPEG JSON LAN LED LLM MRI NASA NATO NGO NHS OECD OK OS PC PCR "
    "PDF PHP PIN PM PNG PR QA QR RAM RNA ROI SDK SMS SQL SSD SSL TCP TLS TV UDP UI UK UN UNESCO URL US USA USB UTC "
    "UV UX VAT VIP VPN WHO WTO XML YAML ZIP AIDS AM BC AD CEST CET EST PST SIM FIFA UEFA II III IV VI VII VIII IX XI XII"
)


def acronyms(text: str, runs: Iterable[Run]) -> list[Spot]:
    """Take an abbreviation for an organisation's when it is said often and once with *the*."""
    places: dict[str, list[Word]] = {}
    for run in runs:
        word = run.words[0]
        if (
            len(run.words) == 1
            and word.bits & ACRONYM
            and not word.bits & (NEVER | PLACE_HEAD | LEGAL)
        ):
            places.setdefault(word.text, []).append(word)
    found = []
    for name, where in places.items():
        if len(where) < 2 or name in _WELL_KNOWN:
            continue
        if any(text[max(0, word.start - 4) : word.start].lower() == "the " for word in where):
            found += [
                Spot("ORGANIZATION", word.start, word.end, 0.52, "org-acronym") for word in where
            ]
    return found


_NUMBERED = re.compile(r"\d{1,3}(?:st|nd|rd|th|\.)[ ]\Z")
_NUMBER_NAME = re.compile(r"(?<![\w.,])\d{1,4}[ ]\Z")
_ALIAS = re.compile(r"[ ]\((?:the |[Hh]ereinafter )?[“\"']?([^\W\d_][^()\n“”]{1,60}?)[”\"']?\)")


def widened(text: str, spot: Spot) -> Spot:
    """Take in the number before an organisation's name, and its other name in brackets after."""
    if spot.kind != "ORGANIZATION":
        return spot
    start, number = spot.start, None
    if (
        start > 1
        and text[start - 1] == " "
        and (text[start - 2] in "tdh." or text[start - 2].isdigit())
    ):
        form = _NUMBER_NAME if spot.recogniser == "org-legal-form" else _NUMBERED
        number = form.search(text, max(0, start - 6), start)
    start = number.start() if number else start
    alias = _ALIAS.match(text, spot.end) if text.startswith(" (", spot.end) else None
    if number is None and alias is None:
        return spot
    end = alias.end() if alias and _is_alias(alias.group(1)) else spot.end
    return spot._replace(start=start, end=end)


def _is_alias(name: str) -> bool:
    first = name.split()[0]
    if first.isupper() and len(first) > 1:
        return True
    return first[0].isupper() and not traits(first) & COMMON


_AND = re.compile(r",? (?:and|&|und|et|y) ")


def firm(reading: Reading, spots: list[Spot]) -> list[Spot]:
    """Take partners' surnames for one firm: ``Hawkins, Richardson and Santana``."""
    text = reading.text
    found: list[Spot] = []
    if ", " not in text:
        return found
    people = sorted(spot for spot in spots if spot.kind == "NAME")
    for first, second, third in zip(people, people[1:], people[2:], strict=False):
        if text[max(0, first.start - 2) : first.start] == ": ":
            continue  # a list of people
        if text[first.end : second.start] != ", " or not _AND.fullmatch(
            text, second.end, third.start
        ):
            continue
        if all(" " not in text[spot.start : spot.end] for spot in (first, second, third)):
            found.append(Spot("ORGANIZATION", first.start, third.end, 0.55, "org-partners"))
    return found
