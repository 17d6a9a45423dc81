"""What a model answers about fields: the schema it is held to, and how answers are judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ai_catalyst.errors import ProcessingError
from ai_catalyst.pdf.locate import Found, locate
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.schema import Field, Schema
from ai_catalyst.pdf.values import Locale, find, normalised

__all__ = ["UNVERIFIED", "Answer", "answer_schema", "answers_of", "described", "merged"]

UNVERIFIED = "model:unverified"
"""The source of a value whose quote is on no page."""

_VERIFIED = 0.92
_LOOSE = 0.7
"""For a quote that is on the page and does not hold the value as we read it."""
_UNSEEN = 0.2
_SHAPED = frozenset({"date", "amount", "number", "integer", "iban", "percent", "vat_id", "bic"})


class Answer(NamedTuple):
    """One value of a model, where its quote stands (None: nowhere), and how sure that makes it."""

    value: Any
    found: Found | None
    confidence: float


def answer_schema(schema: Schema) -> dict[str, Any]:
    """Return the JSON schema of an answer: for each field value, quote and page, or null."""
    nodes = {field.name: {"anyOf": [_told(field), {"type": "null"}]} for field in schema.fields}
    return {
        "type": "object",
        "properties": nodes,
        "required": list(nodes),
        "additionalProperties": False,
    }


def _told(field: Field) -> dict[str, Any]:
    one = {
        "type": "object",
        "properties": {
            "value": field.json["items"] if _listed(field) else field.json,
            "quote": {"type": "string"},
            "page": {"type": "integer"},
        },
        "required": ["value", "quote", "page"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": one} if _listed(field) else one


def _listed(field: Field) -> bool:
    return field.many or field.type == "items"


def described(schema: Schema) -> str:
    """Return the fields in words, a line each."""
    return "\n".join(_line(field) for field in schema.fields)


def _line(field: Field) -> str:
    parts = [f"- {field.name} ({field.type}{', every one as a list' if _listed(field) else ''})"]
    if field.description:
        parts.append(field.description)
    if field.labels:
        parts.append("usually beside: " + ", ".join(field.labels))
    if field.choices:
        parts.append("one of: " + ", ".join(field.choices))
    if field.type == "items":
        columns = ", ".join(f"{each.name} ({each.type})" for each in field.columns)
        parts.append(f"each with {columns}")
    return ": ".join(parts) if len(parts) == 2 else "; ".join(parts)


def answers_of(
    data: Any, schema: Schema, pages: Sequence[PageText], locale: Locale
) -> dict[str, list[Answer]]:
    """Return a model's answers by field, each looked up on the pages.

    Raises `ProcessingError` when the answer is no JSON object of fields.
    """
    if not isinstance(data, Mapping):
        raise ProcessingError("the model's answer is no JSON object of fields")
    found: dict[str, list[Answer]] = {}
    for field in schema.fields:
        told = data.get(field.name)
        entries = told if isinstance(told, list) else [] if told is None else [told]
        answers = [_answer(entry, field, pages, locale) for entry in entries]
        kept = [answer for answer in answers if answer is not None]
        if kept:
            found[field.name] = kept
    return found


def _answer(entry: Any, field: Field, pages: Sequence[PageText], locale: Locale) -> Answer | None:
    if not isinstance(entry, Mapping):
        entry = {"value": entry}
    value = _value(entry.get("value"), field, locale)
    if value is None:
        return None
    quote = entry.get("quote")
    page = entry.get("page")
    found = None
    if isinstance(quote, str):
        found = locate(quote, pages, page if isinstance(page, int) else None)
    if found is None:
        return Answer(value, None, _UNSEEN)
    return Answer(value, found, _VERIFIED if _holds(found.quote, value, field, locale) else _LOOSE)


def _value(given: Any, field: Field, locale: Locale) -> Any:
    if field.type == "items":
        if not isinstance(given, Mapping):
            return None
        row = {
            each.name: normalised(each.type, given.get(each.name), locale) for each in field.columns
        }
        if not field.fields:
            row = {name: value for name, value in row.items() if value is not None}
        return row if any(value is not None for value in row.values()) else None
    value = normalised(field.type, given, locale)
    return None if field.choices and value not in field.choices else value


def _holds(quote: str, value: Any, field: Field, locale: Locale) -> bool:
    """Whether the quote says the value: written out, or as one of the values of its type."""
    if field.type == "items" or isinstance(value, bool):
        return True
    if field.type in _SHAPED:
        return any(hit.value == value for hit in find(field.type, quote, locale)) or (
            normalised(field.type, quote, locale) == value
        )
    if field.type == "currency":
        return True
    letters = "".join(str(value).casefold().split())
    return letters in "".join(quote.casefold().split())


def merged(parts: Iterable[Mapping[str, Sequence[Answer]]], schema: Schema) -> Extraction:
    """Return one value a field from the answers of all parts.

    Answers whose quote is on a page go before those whose quote is not; then the value that most
    parts give; then the first. Other values, when verified, lower its confidence. Lists are joined.
    """
    gathered: dict[str, list[Answer]] = {}
    for part in parts:
        for name, answers in part.items():
            gathered.setdefault(name, []).extend(answers)
    extraction = Extraction()
    for field in schema.fields:
        answers = gathered.get(field.name, [])
        if answers:
            _put(field, answers, extraction)
    return extraction


def _put(field: Field, answers: Sequence[Answer], extraction: Extraction) -> None:
    if _listed(field):
        values: list[Any] = []
        for answer in answers:
            if field.type == "items" or answer.value not in values:
                values.append(answer.value)
        least = min(answers, key=lambda answer: answer.confidence)
        shown = next((answer for answer in answers if answer.found is not None), least)
        extraction.data[field.name] = values
        extraction.evidence[field.name] = _evidence(
            shown._replace(confidence=least.confidence), all(each.found for each in answers)
        )
        return
    verified = [answer for answer in answers if answer.found is not None]
    pool = verified or list(answers)
    best = max(pool, key=lambda answer: (_count(pool, answer), answer.confidence))
    others = [answer for answer in verified if answer.value != best.value]
    confidence = best.confidence + 0.03 * min(2, _count(pool, best) - 1)
    if others:
        confidence = min(confidence, 0.55)
    extraction.data[field.name] = best.value
    extraction.evidence[field.name] = _evidence(
        best._replace(confidence=round(min(0.98, confidence), 3)), best.found is not None
    )


def _count(answers: Sequence[Answer], one: Answer) -> int:
    return sum(answer.value == one.value for answer in answers)


def _evidence(answer: Answer, verified: bool) -> Evidence:
    source = "model" if verified else UNVERIFIED
    if answer.found is None:
        return Evidence(None, None, None, answer.confidence, source)
    return Evidence(*answer.found, answer.confidence, source)
