"""Other people's detectors as recognisers: Presidio and GLiNER, for those who have their weights.

Nothing of theirs is imported here; you hand in the object you made::

    from ai_catalyst.privacy.adapters import gliner_recogniser
    Scrubber(recognisers=[gliner_recogniser(GLiNER.from_pretrained("…"))])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers import Recogniser

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["gliner_recogniser", "presidio_recogniser"]

PRESIDIO: Mapping[str, str] = {
    "PERSON": "NAME",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "LOCATION": "PLACE",
    "ORGANIZATION": "ORGANIZATION",
    "NRP": "NATIONALITY",
    "DATE_TIME": "DATE",
    "CREDIT_CARD": "CREDIT_CARD",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "URL": "URL",
    "US_SSN": "SSN",
    "CRYPTO": "CRYPTO",
    "MAC_ADDRESS": "MAC",
    "AGE": "AGE",
    "ID": "ID",
}
"""Presidio's entities as ours; others of theirs become ``ID`` (numbers) by their name's end."""

GLINER: Mapping[str, str] = {
    "person": "NAME",
    "organization": "ORGANIZATION",
    "location": "PLACE",
    "address": "ADDRESS",
    "date": "DATE",
    "age": "AGE",
    "nationality": "NATIONALITY",
    "occupation": "OCCUPATION",
    "phone number": "PHONE",
    "email": "EMAIL",
    "username": "USERNAME",
    "medical condition": "TRAIT",
    "identity document number": "ID",
}
"""What GLiNER is asked for, as ours."""


def presidio_recogniser(analyzer: Any, *, language: str = "en") -> Recogniser:
    """Return a recogniser that asks a Presidio ``AnalyzerEngine``."""

    def find(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
        for result in analyzer.analyze(text=reading.text, language=language):
            kind = PRESIDIO.get(result.entity_type, "ID")
            yield Spot(kind, result.start, result.end, float(result.score), "presidio")

    return Recogniser("presidio", frozenset(PRESIDIO.values()), find)


def gliner_recogniser(
    model: Any, *, labels: Mapping[str, str] = GLINER, threshold: float = 0.4, window: int = 1200
) -> Recogniser:
    """Return a recogniser that asks a GLiNER model for ``labels`` (its word: our kind).

    Long texts are shown in pieces of ``window`` characters, cut at blanks.
    """

    def find(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
        for start, piece in _pieces(reading.text, window):
            for found in model.predict_entities(piece, list(labels), threshold=threshold):
                kind = labels.get(found["label"], "PRIVATE")
                yield Spot(
                    kind,
                    start + found["start"],
                    start + found["end"],
                    float(found["score"]),
                    "gliner",
                )

    return Recogniser("gliner", frozenset(labels.values()), find)


def _pieces(text: str, size: int) -> Iterable[tuple[int, str]]:
    start = 0
    while len(text) - start > size:
        blank = text.rfind(" ", start + size // 2, start + size)
        end = blank if blank > 0 else start + size
        yield start, text[start:end]
        start = end
    yield start, text[start:]
