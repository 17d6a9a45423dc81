"""Texts with what is personal in them marked: put together from phrases and made-up values."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import NamedTuple

from ai_catalyst.privacy.lexicon import words_of
from ai_catalyst.privacy.locales.pack import listed
from ai_catalyst.privacy.train.phrases import FOREIGN, FORMS, LEGAL, NEGATIVE, SENTENCES
from ai_catalyst.privacy.train.values import Values

__all__ = ["Labelled", "plain", "texts"]

_HOLE = re.compile(r"\{(!?)(\w+)\}|\{\{|\}\}")
_COUNTED = listed("Page Step Item Figure Table Section Room Level Chapter Question Row Version")
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
        Labelled(plain(values), [])
        if values.chance(0.15)
        else _filled(values.pick(NEGATIVE if values.chance(0.3) else SENTENCES), values)
        for _ in range(values.rng.randint(2, 6))
    ]
    return _joined(mixed, values.pick([" ", "\n", " "]))


@functools.cache
def _ordinary() -> list[str]:
    file = resources.files("ai_catalyst.privacy").joinpath("data", "words", "en.txt")
    return sorted(
        {word for word in words_of(file.read_text("utf-8").splitlines()) if word.isalpha()}
    )


def plain(values: Values) -> str:
    """Return a line of ordinary words and numbers, with nothing personal in it."""

    def word() -> str:
        return values.pick(_ordinary())

    def number() -> str:
        return str(values.rng.randint(1, values.rng.choice([9, 99, 999, 9999])))

    forms: list[Callable[[], str]] = [
        lambda: f"{word()} {number()}",
        lambda: f"{word().capitalize()} {number()}: {word()} {word()}",
        lambda: f"The {word()} {word()}s the {word()} of the {word()}.",
        lambda: " ".join(word().capitalize() for _ in range(values.rng.randint(2, 6))),
        lambda: " ".join(word() for _ in range(values.rng.randint(4, 12))).capitalize() + ".",
        lambda: f"{number()} {word()}s and {number()} {word()}s",
        lambda: f"{word()}_{word()} = {number()}",
        lambda: f"{word()},{number()},{number()},{word()}",
        lambda: f"[{number()}] {word().upper()} {word()} failed after {number()} ms",
        lambda: f"{word()}.{word()}({word()}={number()})",
        lambda: f"{values.pick(_COUNTED)} {number()}",
        lambda: (
            f"{values.pick(['item', 'page', 'step', 'line', 'row', 'version', 'order', 'number', 'no.'])} {number()} of {number()}"
        ),
        lambda: f"{number()}. {word().capitalize()} the {word()}",
        lambda: f"- {word()} {word()} ({number()} {word()}s)",
        lambda: f"{word().capitalize()}? {word().capitalize()}!",
        lambda: (
            f"{values.digits('%##.%#.#.%#')} {values.digits('%.%.#')} {word()} {values.digits('##%')}"
        ),
        lambda: f"{word().capitalize()} {word()}, {word()} and {word()} are {word()}.",
        lambda: f"I {word()} a {word()} at {number()} {values.pick(['am', 'pm', 'o’clock'])}.",
        lambda: f"/{word()}/{word()}/{word()}.{values.pick(['txt', 'py', 'json'])}",
    ]
    return values.rng.choice(forms)()


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
