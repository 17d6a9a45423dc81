"""What fields are usually called, and of which type each is: so that a bare name is enough."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["TYPES", "VOCABULARY", "concept_of", "type_of"]

TYPES: Final = (
    "text",
    "identifier",
    "date",
    "amount",
    "number",
    "integer",
    "percent",
    "currency",
    "iban",
    "bic",
    "vat_id",
    "tax_id",
    "email",
    "phone",
    "url",
    "boolean",
    "items",
)
"""Types of a field. ``identifier`` is a number that is not counted with; ``items`` a list of rows.

Values are plain JSON: dates are ISO 8601 strings, amounts and numbers floats (two amounts that are
written alike are equal), percents as written (19 for 19 %), currencies ISO 4217 codes.
"""

VOCABULARY: Final[dict[str, tuple[str, str]]] = {
    "invoice_number": (
        "identifier",
        "invoice_no invoice_nr invoice_id number bill_number receipt_number document_number",
    ),
    "date": ("date", "invoice_date issue_date issued date_issued bill_date letter_date"),
    "due_date": ("date", "date_due payment_due pay_by due"),
    "delivery_date": ("date", "service_date date_delivery date_of_supply"),
    "order_date": ("date", "date_order"),
    "period_start": ("date", "date_start start_date"),
    "period_end": ("date", "date_end end_date"),
    "order_number": (
        "identifier",
        "order_id order_no order_nr po_number purchase_order purchase_order_number",
    ),
    "customer_number": ("identifier", "customer_id customer_no client_number account_number"),
    "contract_number": ("identifier", "contract_id contract_no"),
    "delivery_note_number": ("identifier", "delivery_note delivery_note_no"),
    "payment_reference": ("identifier", "reference payment_ref remittance_reference"),
    "mandate_reference": ("identifier", "mandate_id mandate"),
    "total": (
        "amount",
        (
            "amount total_amount amount_total gross gross_amount total_gross grand_total amount_due"
            " invoice_total invoice_amount"
        ),
    ),
    "net": (
        "amount",
        "amount_untaxed net_amount subtotal total_net net_total amount_net sub_total",
    ),
    "tax": ("amount", "amount_tax tax_amount vat_amount total_tax tax_total"),
    "tax_rate": ("percent", "vat_rate tax_percent vat_percent"),
    "shipping": ("amount", "shipping_cost shipping_costs freight delivery_cost"),
    "discount": ("amount", "rebate amount_discount"),
    "paid": ("amount", "amount_paid prepaid deposit"),
    "currency": ("currency", "currency_code"),
    "issuer": (
        "text",
        (
            "supplier vendor seller issuer_name supplier_name vendor_name seller_name partner_name"
            " sender company"
        ),
    ),
    "customer": (
        "text",
        "buyer client recipient customer_name buyer_name client_name recipient_name bill_to",
    ),
    "vat_id": (
        "vat_id",
        (
            "vat vat_number vatin vat_no issuer_vat supplier_vat seller_vat vat_reg_no gstin"
            " supplier_vat_id issuer_vat_id seller_vat_id"
        ),
    ),
    "customer_vat_id": ("vat_id", "company_vat customer_vat buyer_vat buyer_vat_id"),
    "tax_id": ("tax_id", "tax_number tin fiscal_code tax_no"),
    "company_number": (
        "identifier",
        "partner_coc company_registration_number register_number registration_number siren siret",
    ),
    "iban": ("iban", "bank_account account_iban"),
    "bic": ("bic", "swift bic_swift swift_code"),
    "email": ("email", "e_mail partner_email mail"),
    "phone": ("phone", "telephone telephone_number phone_number tel"),
    "website": ("url", "url web homepage partner_website"),
    "payment_method": ("text", "payment_mode paid_by"),
    "payment_terms": ("text", "terms terms_of_payment"),
    "subject": ("text", "regarding title concerning"),
    "items": ("items", "lines line_items positions articles invoice_lines"),
}
"""Concept -> its type, and other names for it."""

_CONCEPTS = {
    name: concept
    for concept, (_, others) in VOCABULARY.items()
    for name in (concept, *others.split())
}
_BY_WORD: Final = (
    ("date", re.compile(r"date|datum|fecha|data|dato")),
    ("iban", re.compile(r"iban")),
    ("vat_id", re.compile(r"vat(?:_?id|in)?")),
    ("percent", re.compile(r"rate|percent|percentage")),
    (
        "amount",
        re.compile(r"amount|total|price|cost|costs|fee|fees|betrag|summe|sum|montant|importe"),
    ),
    ("identifier", re.compile(r"number|no|nr|id|ref|reference|code|nummer")),
    ("email", re.compile(r"e?mail")),
    ("phone", re.compile(r"tel|telephone|phone|fax|mobile")),
    ("currency", re.compile(r"currency|waehrung|devise")),
    ("url", re.compile(r"url|website|web|homepage")),
    ("integer", re.compile(r"count|pages")),
    ("number", re.compile(r"quantity|qty|weight")),
    ("items", re.compile(r"items|lines|positions")),
)


def plain_name(name: str) -> str:
    """Return a name in lower case with underscores: ``"Invoice No."`` is ``invoice_no``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\W_]+", "_", spaced.lower()).strip("_")


def concept_of(name: str) -> str | None:
    """Return the usual field that goes by this name, None when it is one of the user's own."""
    return _CONCEPTS.get(plain_name(name))


def type_of(name: str) -> str:
    """Return the type that a field of this name has when none is given."""
    concept = concept_of(name)
    if concept is not None:
        return VOCABULARY[concept][0]
    words = plain_name(name).split("_")
    for kind, pattern in _BY_WORD:
        if any(pattern.fullmatch(word) for word in words):
            return kind
    return "text"
