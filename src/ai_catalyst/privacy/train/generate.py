"""Texts with what is personal in them marked: put together from phrases and made-up values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ai_catalyst.privacy.train.phrases import FOREIGN, FORMS, LEGAL, NEGATIVE, SENTENCES
from ai_catalyst.privacy.train.values import Values

__all__ = ["Labelled", "texts"]

_HOLE = re.compile(r"\{(!?)(\w+)\}|\{\{|\}\}")
_KINDS = {
    "name": "NAME",
    "first": "NAME",
    "last": "NAME",
    "titled": "NAME",
    "de_titled": "NAME",
    "org": "ORGANIZATION",
    "body": "ORGANIZATION",
    "org_state": "ORGANIZATION",
    "city": "PLACE",
    "country": "PLACE",
    "nation": "NATIONALITY",
    "date": "DATE",
    "year": "DATE",
    "age": "AGE",
    "address": "ADDRESS",
    "street": "ADDRESS",
    "phone": "PHONE",
    "email": "EMAIL",
    "url": "URL",
    "card": "CREDIT_CARD",
    "id": "ID",
    "amount": "AMOUNT",
    "job": "OCCUPATION",
}


class Labelled(NamedTuple):
    """A text and its marks: ``(start, end, kind)`` in characters."""

    text: str
    spans: list[tuple[int, int, str]]


def texts(count: int, seed: int = 1) -> Iterator[Labelled]:
    """Yield texts of many kinds; equal seeds give equal texts."""
    for number in range(count):
        values = Values(f"{seed}:{number}")
        yield _written(values, _composed(values))


def _composed(values: Values) -> Labelled:
    kind = values.rng.random()
    if kind < 0.16:
        return _filled(values.pick(FORMS), values)
    if kind < 0.24:
        return _joined(
            [_filled(values.pick(LEGAL), values) for _ in range(values.rng.randint(2, 6))], "\n\n"
        )
    if kind < 0.32:
        return _joined(
            [_filled(values.pick(FOREIGN), values) for _ in range(values.rng.randint(1, 4))], " "
        )
    if kind < 0.46:
        return _joined(
            [_filled(values.pick(NEGATIVE), values) for _ in range(values.rng.randint(1, 4))], " "
        )
    if kind < 0.72:
        return _filled(values.pick(SENTENCES), values)
    mixed = [
        _filled(values.pick(NEGATIVE if values.chance(0.3) else SENTENCES), values)
        for _ in range(values.rng.randint(2, 6))
    ]
    return _joined(mixed, values.pick([" ", "\n", " "]))


def _filled(phrase: str, values: Values) -> Labelled:
    text = ""
    spans = []
    at = 0
    for hole in _HOLE.finditer(phrase):
        text += phrase[at : hole.start()]
        at = hole.end()
        if hole.group(2) is None:
            text += hole.group()[0]
            continue
        value = _value(hole.group(2), values)
        if not hole.group(1):
            spans.append((len(text), len(text) + len(value), _KINDS[hole.group(2)]))
        text += value
    return Labelled(text + phrase[at:], spans)


def _value(hole: str, values: Values) -> str:
    if hole == "id":
        return values.number()
    if hole == "de_titled":
        return f"Herr {values.last()}"
    if hole == "org_state":
        return f"Republic of {values.country()}"
    value: str = getattr(values, hole)()
    return value


def _joined(parts: list[Labelled], between: str) -> Labelled:
    text = ""
    spans = []
    for part in parts:
        if text:
            text += between
        spans += [(start + len(text), end + len(text), kind) for start, end, kind in part.spans]
        text += part.text
    return Labelled(text, spans)


def _written(values: Values, made: Labelled) -> Labelled:
    """Write a text as people do: without capitals, shouting, without its last full stop."""
    text, spans = made
    how = values.rng.random()
    if how < 0.12:
        lowered = text.lower()
        text = lowered if len(lowered) == len(text) else text
    elif how < 0.15:
        upper = text.upper()
        text = upper if len(upper) == len(text) else text
    if values.chance(0.1) and text.endswith("."):
        text = text[:-1]
    return Labelled(text, [(start, min(end, len(text)), kind) for start, end, kind in spans])
