"""What reading a document yields: `Analysis`, its JSON, and the check of a model's answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ai_catalyst.analysis.plain import safe_text
from ai_catalyst.errors import ProcessingError, StoreError

__all__ = [
    "ANSWER_SCHEMA",
    "ENTITY_KINDS",
    "EXTRACTIVE",
    "SCHEMA_VERSION",
    "Analysis",
    "analysis_from_answer",
    "decode_analysis",
    "encode_analysis",
]

SCHEMA_VERSION = 1
"""Raised when the meaning of a stored `Analysis` changes; part of the journal key."""

EXTRACTIVE = "extractive"
"""The `method` of an analysis that no model made."""

ENTITY_KINDS = ("people", "organisations", "places", "dates", "other")

_SUMMARY_CHARS = 4_000
_POINTS, _POINT_CHARS = 12, 600
_TOPICS, _TOPIC_CHARS = 12, 80
_NAMES, _NAME_CHARS = 40, 120
_ANSWER_CHARS = 400_000


def _no_entities() -> dict[str, list[str]]:
    return {kind: [] for kind in ENTITY_KINDS}


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says, in a form that is stored, shown and exported.

    ``entities`` holds names by kind (`ENTITY_KINDS`, all keys always there). ``confidence`` is
    between 0 and 1: a model's own estimate, or, when ``method`` is ``"extractive"``, the share of
    the document's vocabulary that the chosen sentences cover. ``method`` is ``"extractive"`` or
    the name of the model. ``partial`` says that something is missing: not all of a long text was
    read, or a model's answer did not have the form asked for. ``words`` counts the document's.
    """

    summary: str = ""
    key_points: list[str] = []
    topics: list[str] = []
    entities: dict[str, list[str]] = msgspec.field(default_factory=_no_entities)
    confidence: float = 0.0
    method: str = EXTRACTIVE
    language: str = ""
    words: int = 0
    partial: bool = False
    why_it_matters: str = ""
    methodology: str = ""
    findings: list[str] = []

    @property
    def extractive(self) -> bool:
        """Whether no model was asked."""
        return self.method == EXTRACTIVE

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dict(msgspec.to_builtins(self))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Analysis)


def encode_analysis(analysis: Analysis) -> bytes:
    """Return the JSON that the journal stores."""
    return _encoder.encode(analysis)


def decode_analysis(data: bytes) -> Analysis:
    """Read what `encode_analysis` wrote; raises `StoreError` when it is something else."""
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StoreError(
            "a stored analysis cannot be read; run again with --force-refresh"
        ) from error


def _strings(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


_KINDS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "people": _strings("Names of persons mentioned."),
        "organisations": _strings("Names of companies, authorities, institutions."),
        "places": _strings("Names of places."),
        "dates": _strings("Dates as the document writes them."),
        "other": _strings("Products, laws, works and other names."),
    },
}

# As open as it can be: what an answer has beyond or beside this is no reason to pay for another.
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {
            "type": "string",
            "minLength": 1,
            "description": "Two to five sentences: what the document says, in its own language.",
        },
        "key_points": _strings("Three to seven facts a reader should keep, one sentence each."),
        "topics": _strings("Three to eight topics, each one to three words."),
        "entities": {
            "anyOf": [_KINDS_SCHEMA, {"type": "array"}],
            "description": "An object with a list of names for each kind.",
        },
        "why_it_matters": {
            "type": "string",
            "description": "One sentence, or empty when the document does not show it.",
        },
        "methodology": {
            "type": "string",
            "description": "How the results were got, when this is a study; else empty.",
        },
        "findings": _strings("Results with their figures, when this is a study; else empty."),
        "confidence": {
            "type": "number",
            "description": "Between 0 and 1: how well the text supports this analysis.",
        },
    },
    "required": ["summary", "key_points", "topics", "entities", "confidence"],
}
"""The JSON schema given to models."""


def analysis_from_answer(
    answer: str | Mapping[str, Any], *, method: str, language: str = "", words: int = 0
) -> Analysis:
    """Make an `Analysis` of a model's answer: parsed JSON, JSON text, or plain prose.

    Every value is checked, cleaned and bounded. A usable answer that does not have the form asked
    for is kept and marked ``partial``: prose becomes the summary. Raises `ProcessingError` when
    nothing in it can serve as a summary.
    """
    fields = _parse(answer) if isinstance(answer, str) else dict(answer)
    summary = _text(fields.get("summary"), _SUMMARY_CHARS)
    if not summary:
        raise ProcessingError("the model's answer holds no summary; try again or another --model")
    confidence = _confidence(fields.get("confidence"))
    return Analysis(
        summary=summary,
        key_points=_texts(fields.get("key_points"), _POINTS, _POINT_CHARS),
        topics=_texts(_listed(fields.get("topics")), _TOPICS, _TOPIC_CHARS),
        entities=_entities(fields.get("entities")),
        confidence=confidence or 0.0,
        method=safe_text(method, _NAME_CHARS) or "model",
        language=language,
        words=words,
        partial=confidence is None or not _well_formed(fields),
        why_it_matters=_text(fields.get("why_it_matters"), _POINT_CHARS),
        methodology=_text(fields.get("methodology"), _POINT_CHARS),
        findings=_texts(fields.get("findings"), _POINTS, _POINT_CHARS),
    )


def _parse(answer: str) -> dict[str, Any]:
    text = answer[:_ANSWER_CHARS].strip()
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        try:
            parsed = json.loads(text[start : end + 1], strict=False)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            return parsed
    # A broken object is no summary; prose is.
    return {} if text.startswith(("{", "[", "```")) else {"summary": text}


def _well_formed(fields: Mapping[str, Any]) -> bool:
    lists = ("key_points", "topics")
    return (
        isinstance(fields.get("summary"), str)
        and all(isinstance(fields.get(name), list) for name in lists)
        and isinstance(fields.get("entities"), dict)
    )


def _text(value: object, limit: int) -> str:
    if isinstance(value, dict):  # {"text": "…"}: seen from models that like objects
        value = next((item for item in value.values() if isinstance(item, str)), "")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return safe_text(str(value)[: limit * 4], limit)


def _listed(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


def _texts(value: object, count: int, limit: int) -> list[str]:
    if isinstance(value, str):
        value = [line.strip().lstrip("-*• ") for line in value.splitlines()]
    if not isinstance(value, list | tuple):
        return []
    found: dict[str, None] = {}
    for item in value[: count * 4]:
        text = _text(item, limit)
        if text:
            found.setdefault(text)
    return list(found)[:count]


def _entities(value: object) -> dict[str, list[str]]:
    found = _no_entities()
    for kind, names in _grouped(value):
        listed = found[_kind(kind)]
        for name in _texts(names, _NAMES, _NAME_CHARS):
            if name not in listed and len(listed) < _NAMES:
                listed.append(name)
    return found


def _grouped(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((str(kind), _listed(names)) for kind, names in value.items())
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, Mapping):
                kind = item.get("type") or item.get("kind") or item.get("label") or ""
                yield str(kind), [item.get("name") or item.get("text") or ""]
            else:
                yield "other", [item]


_KINDS = {
    "person": "people",
    "persons": "people",
    "people": "people",
    "per": "people",
    "name": "people",
    "names": "people",
    "organisation": "organisations",
    "organisations": "organisations",
    "organization": "organisations",
    "organizations": "organisations",
    "org": "organisations",
    "company": "organisations",
    "companies": "organisations",
    "place": "places",
    "places": "places",
    "location": "places",
    "locations": "places",
    "loc": "places",
    "gpe": "places",
    "date": "dates",
    "dates": "dates",
    "time": "dates",
}


def _kind(name: str) -> str:
    return _KINDS.get(name.strip().lower(), "other")


def _confidence(value: object) -> float | None:
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    if 1 < value <= 100:  # a percentage
        value = value / 100
    return round(min(max(float(value), 0.0), 1.0), 3)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().rstrip("%"))
    except ValueError:
        return None
