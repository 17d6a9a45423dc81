"""`HybridExtractor`: rules first; a model is asked only about what they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ai_catalyst.engine.bridge import run_sync
from ai_catalyst.errors import UserError
from ai_catalyst.pdf.ai import AIExtractor
from ai_catalyst.pdf.answers import UNVERIFIED
from ai_catalyst.pdf.classic import ClassicExtractor, pages_of, schema_of
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.schema import Schema

__all__ = ["HybridExtractor", "open_fields"]

_CENT = 0.021
_SUMS = ("total", "net", "tax")


class HybridExtractor:
    """Extracts by rules, and asks a model for fields that are missing, unsure or contradictory.

    A field is open when rules find nothing, when their confidence is below ``sure``, or when net
    and tax do not add up to the total. When nothing is open the model is not asked. Where both
    answer and agree, the value is surer; where they do not, a value of the model that its page
    shows goes before an unsure one of the rules, and neither is called sure.
    """

    def __init__(self, classic: ClassicExtractor, ai: AIExtractor, *, sure: float = 0.6) -> None:
        """Take the two extractors."""
        if not 0 <= sure <= 1:
            raise UserError(f"sure is between 0 and 1, not {sure}")
        self.classic = classic
        self.ai = ai
        self.sure = sure

    def extract(self, text: str, fields: Any = None) -> dict[str, Any]:
        """Return ``{field: value}`` from a text; form feeds part pages. For sync code."""
        return run_sync(self.extract_pages(pages_of(text), fields)).data

    async def extract_pages(self, pages: Sequence[PageText], fields: Any = None) -> Extraction:
        """Return values with their place. Raises what either extractor raises."""
        schema = await schema_of(fields)
        found = await self.classic.extract_pages(pages, schema)
        left = open_fields(found, schema, self.sure)
        if not left:
            return found
        told = await self.ai.extract_pages(pages, schema.only(left))
        return _joined(found, told, schema)

    def options(self) -> tuple[str, str, float]:
        """Return what changes a result."""
        return self.classic.options(), self.ai.options(), self.sure


def open_fields(found: Extraction, schema: Schema, sure: float) -> list[str]:
    """Return the names of fields that a model should be asked about."""
    left = [
        name
        for name in schema.names
        if name not in found.data or found.evidence[name].confidence < sure
    ]
    sums = {field.concept: field.name for field in schema.fields if field.concept in _SUMS}
    values = [found.data.get(sums.get(concept, "")) for concept in _SUMS]
    known = [value for value in values if isinstance(value, float)]
    if len(known) == len(_SUMS) and abs(known[1] + known[2] - known[0]) > _CENT:
        left += [name for name in sums.values() if name not in left]
    return left


def _joined(found: Extraction, told: Extraction, schema: Schema) -> Extraction:
    joined = Extraction()
    for name in schema.names:
        if name not in found.data and name not in told.data:
            continue
        if name not in told.data:
            joined.data[name], joined.evidence[name] = found.data[name], found.evidence[name]
        elif name not in found.data:
            joined.data[name], joined.evidence[name] = told.data[name], told.evidence[name]
        else:
            joined.data[name], joined.evidence[name] = _chosen(name, found, told)
    return joined


def _chosen(name: str, found: Extraction, told: Extraction) -> tuple[Any, Evidence]:
    rule, model = found.evidence[name], told.evidence[name]
    if found.data[name] == told.data[name]:
        confidence = min(0.98, max(rule.confidence, model.confidence) + 0.05)
        if model.source == UNVERIFIED:
            confidence = rule.confidence
        return found.data[name], rule._replace(
            confidence=round(confidence, 3), source=f"{rule.source}+model"
        )
    if model.source == UNVERIFIED:
        return found.data[name], rule
    return told.data[name], model._replace(confidence=min(model.confidence, 0.7))
