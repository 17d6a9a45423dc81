"""Candidates that somebody's own words give: a pattern, a form's field, a list of choices."""

from __future__ import annotations

from typing import Any

from ai_catalyst.pdf.patterns import Deadline, matches
from ai_catalyst.pdf.rules.candidates import Candidate, by_label
from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.labels import book, compact
from ai_catalyst.pdf.schema import Field
from ai_catalyst.pdf.values import normalised

__all__ = ["by_choice", "by_form", "by_pattern", "label_key"]

_ANCHORS = "^$"


def label_key(each: Field) -> str:
    """Return under which name a field's labels are found."""
    return each.concept or f"field:{each.name}"


def by_pattern(reading: Reading, each: Field, pattern: str, deadline: Deadline) -> list[Candidate]:
    """Return what a pattern matches, its lines parted; an anchored one also within a line.

    Raises `ProcessingError` when it takes too long.
    """
    place = f"field {each.name!r}"
    found = _matched(reading, each, deadline, f"(?m){pattern}", place)
    if not found and (pattern[:1] in _ANCHORS or pattern[-1:] in _ANCHORS):
        bare = pattern.removeprefix("^").removesuffix("$")
        found = _matched(reading, each, deadline, rf"(?<!\w)(?:{bare})(?!\w)", place)
    return found


def _matched(
    reading: Reading, each: Field, deadline: Deadline, pattern: str, place: str
) -> list[Candidate]:
    """Look in each page's rows, joined by line ends."""
    found: list[Candidate] = []
    for page in {row.page: None for row in reading.rows}:
        numbers = [n for n, row in enumerate(reading.rows) if row.page == page]
        starts: list[int] = []
        text = ""
        for number in numbers:
            starts.append(len(text))
            text += reading.rows[number].text + "\n"
        for match in matches(pattern, text, place, deadline):
            start, end = _value_span(match)
            if start < 0 or start == end:
                continue
            at = max(place for place, begin in enumerate(starts) if begin <= start)
            row = reading.rows[numbers[at]]
            raw = text[start:end]
            value = normalised(each.type, raw, reading.locale)
            if value is not None:
                inside = start - starts[at]
                found.append(
                    Candidate(
                        value,
                        row,
                        inside,
                        min(inside + len(raw), len(row.text)),
                        0.97 - 0.001 * min(len(found), 100),
                        "pattern",
                        numbers[at],
                    )
                )
    return found


def by_form(reading: Reading, each: Field) -> list[Candidate]:
    """Return what a form's field of that name holds."""
    names = {compact(each.name)[0], *(compact(label)[0] for label in each.labels)}
    if each.concept:
        names |= _letters_of(each.concept)
    found = []
    for page, name, value in reading.forms:
        if compact(name.rsplit(".", 1)[-1])[0] in names:
            typed = normalised(each.type, value, reading.locale)
            if typed is not None:
                found.append(Candidate(typed, None, 0, 0, 0.96, "form", -1, f"{page}\n{value}"))
    return found


def by_choice(reading: Reading, each: Field) -> list[Candidate]:
    """Return the choices that stand beside the field's label, and those that stand anywhere."""
    beside = by_label(reading, label_key(each), "text")
    found = []
    for choice in each.choices:
        letters = compact(choice)[0]
        found += [
            one._replace(value=choice)
            for one in beside
            if compact(str(one.value))[0].startswith(letters)
        ]
        for number, row in enumerate(reading.rows):
            place = row.text.casefold().find(choice.casefold())
            if place >= 0:
                end = place + len(choice)
                found.append(Candidate(choice, row, place, end, 0.5, "shape", number))
    return found


def _letters_of(concept: str) -> set[str]:
    return {
        label.letters
        for labels in book().labels.values()
        for label in labels
        if label.concept == concept
    }


def _value_span(match: Any) -> tuple[int, int]:
    if "value" in match.re.groupindex:
        start, end = match.span("value")
    elif match.re.groups:
        index = next((n for n, text in enumerate(match.groups(), 1) if text is not None), 0)
        start, end = match.span(index)
    else:
        start, end = match.span()
    return int(start), int(end)
