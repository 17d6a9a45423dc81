"""`ClassicExtractor`: fields by rules alone; nothing leaves the machine, nothing is paid."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ai_catalyst.engine.workers import shared_pool
from ai_catalyst.errors import UserError
from ai_catalyst.pdf.locate import locate
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.rules.finder import RULES_VERSION, find_fields
from ai_catalyst.pdf.schema import Field, Schema
from ai_catalyst.pdf.templates import Filled, Template, fill, load_templates
from ai_catalyst.pdf.values import Locale, normalised
from ai_catalyst.pdf.vocabulary import concept_of

__all__ = ["USUAL_FIELDS", "ClassicExtractor", "pages_of", "read_fields", "schema_of"]

USUAL_FIELDS = (
    *("invoice_number", "date", "due_date", "total", "net", "tax", "currency", "issuer"),
    *("customer", "vat_id", "iban", "bic", "order_number", "customer_number"),
)
"""What is looked for when nobody says: the usual fields of an invoice."""

_SURE = 0.97
_UNLOCATED = 0.7


class ClassicExtractor:
    """Finds fields by labels in eight languages, patterns, check digits and sums that add up.

    ``templates`` are files or folders of suppliers' templates, in the format invoice2data reads;
    what a fitting one reads goes before what the general rules find. ``timeout_s`` bounds the work
    on one document. Raises `UserError` for a template that cannot be, with its name.
    """

    def __init__(
        self,
        templates: Path | str | Iterable[Path | str] | Sequence[Template] = (),
        *,
        timeout_s: float = 60.0,
    ) -> None:
        """Read the templates."""
        if not timeout_s > 0:
            raise UserError(f"timeout_s is in seconds and above 0, not {timeout_s}")
        self.templates = _templates(templates)
        self.timeout_s = timeout_s

    def extract(self, text: str, fields: Any = None) -> dict[str, Any]:
        """Return ``{field: value}`` from a text whose columns are kept; form feeds part pages.

        A field nobody finds has no key. Blocks while it works. Raises `UserError` for fields that
        cannot be and `ProcessingError` for a pattern that takes too long.
        """
        return read_fields(pages_of(text), _schema(fields), self.templates).data

    async def extract_pages(self, pages: Sequence[PageText], fields: Any = None) -> Extraction:
        """Return values with their place; computed in a worker, so that the loop never stands.

        Raises what `extract` does, and `WorkerTimeout` after ``timeout_s``.
        """
        task = (tuple(pages), await schema_of(fields), self.templates)
        return await shared_pool().run(read_fields, *task, timeout=self.timeout_s)

    def options(self) -> str:
        """Return a digest of all that changes a result: the rules' version and the templates."""
        content = msgspec.json.encode((RULES_VERSION, self.templates))
        return hashlib.sha256(content).hexdigest()


def _templates(given: Any) -> tuple[Template, ...]:
    if isinstance(given, (str, Path)):
        return load_templates(given)
    listed = list(given)
    if all(isinstance(each, Template) for each in listed):
        return tuple(listed)
    return load_templates(listed)


def _schema(fields: Any) -> Schema:
    return Schema.of(USUAL_FIELDS if fields is None else fields)


async def schema_of(fields: Any) -> Schema:
    """Return the schema of fields, `USUAL_FIELDS` for None; files are read off the loop."""
    return fields if isinstance(fields, Schema) else await asyncio.to_thread(_schema, fields)


def pages_of(text: str) -> tuple[PageText, ...]:
    """Return the pages of a text parted by form feeds."""
    parts = text.split("\f") if "\f" in text else [text]
    return tuple(PageText(number, part, part) for number, part in enumerate(parts, 1))


def read_fields(
    pages: Sequence[PageText], schema: Schema, templates: Sequence[Template] = ()
) -> Extraction:
    """Return what a fitting template and the rules find of a schema in a document."""
    filled = fill(templates, pages) if templates else None
    if filled is None:
        return find_fields(pages, schema)
    extraction = Extraction()
    for field in schema.fields:
        _from_template(field, filled, pages, extraction)
    rest = schema.only(name for name in schema.names if name not in extraction.data)
    found = find_fields(pages, rest) if rest.fields else Extraction()
    data, evidence = {}, {}
    for name in schema.names:
        source = extraction if name in extraction.data else found
        if name in source.data:
            data[name], evidence[name] = source.data[name], source.evidence[name]
    return Extraction(data, evidence)


def _from_template(
    field: Field, filled: Filled, pages: Sequence[PageText], extraction: Extraction
) -> None:
    name = _name_in(filled.data, field)
    if name is None:
        return
    value = _as_field(filled.data[name], field, filled.template)
    if value is None:
        return
    quote = filled.quotes.get(name) or (value if isinstance(value, str) else None)
    found = locate(quote, pages) if quote else None
    source = f"template:{filled.template.issuer}"
    extraction.data[field.name] = value
    if found is not None:
        extraction.evidence[field.name] = Evidence(*found, _SURE, source)
    else:
        extraction.evidence[field.name] = Evidence(None, None, None, _UNLOCATED, source)


def _name_in(data: Mapping[str, Any], field: Field) -> str | None:
    """Return the template's name for a field: the same, else one that means the same."""
    if field.name in data:
        return field.name
    concept = field.concept
    if concept is None:
        return None
    return next((name for name in data if concept_of(name) == concept), None)


def _as_field(value: Any, field: Field, template: Template) -> Any:
    if field.type == "items":
        return _rows(value, field)
    locale = Locale(template.options.languages, template.options.decimal_separator)
    values = value if isinstance(value, list) else [value]
    typed = [normalised(field.type, each, locale) for each in values]
    typed = [each for each in typed if each is not None]
    if not typed:
        return None
    return typed if field.many else typed[0]


def _rows(value: Any, field: Field) -> Any:
    rows = value if isinstance(value, list) else [value]
    if not field.fields:
        return rows
    names = [each.name for each in field.fields]
    return [{name: row.get(name) for name in names} for row in rows if isinstance(row, Mapping)]
