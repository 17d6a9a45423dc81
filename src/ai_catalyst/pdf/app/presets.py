"""Field lists to begin with, and the reading of those that people write."""

from __future__ import annotations

import yaml

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.schema import Schema

__all__ = ["PRESETS", "kinds_of", "parse"]

PRESETS = {
    "Invoice": """\
invoice_number: identifier
date: date
total: amount
currency: currency
issuer: text
vat_id: vat_id
iban: iban
""",
    "Receipt": """\
date: date
total: amount
tax: amount
currency: currency
issuer: text
""",
    "Letter": """\
date: date
issuer: text
customer: text
payment_reference: identifier
iban: iban
""",
    "My own": """\
# One line a field:  name: type
# Types: text, identifier, date, amount, number, currency, iban, vat_id, email, phone, …
invoice_number: identifier
date: date
# More is possible:
project:
  type: text
  description: the project that the work was done for
  labels: [Project, Projekt]
""",
}

_MOST_CHARACTERS = 100_000


def kinds_of(text: str) -> dict[str, str]:
    """Return the type of each field; none for a text that names no fields."""
    try:
        return {field.name: field.type for field in parse(text).fields}
    except UserError:
        return {}


def parse(text: str) -> Schema:
    """Return the fields that a YAML text names. Raises `UserError` with what is wrong, and where.

    A list of names, ``name: type`` pairs, or the full form of `Schema.of`.
    """
    if len(text) > _MOST_CHARACTERS:
        raise UserError("the field list is too long")
    try:
        given = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise UserError(f"{line}{getattr(error, 'problem', None) or 'this is not YAML'}") from error
    if not given:
        raise UserError("no field is named yet")
    return Schema.of(given)
