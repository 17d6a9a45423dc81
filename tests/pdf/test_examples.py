"""Claims about the example field list and template: they do what their comments say."""

from __future__ import annotations

from pathlib import Path

from ai_catalyst.pdf.classic import ClassicExtractor
from ai_catalyst.pdf.schema import Schema

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "pdf"
INVOICE = """\
Northwind Paper Ltd                                   INVOICE
12 Mill Lane
Leeds LS1 4AP                        Invoice No:      INV-2041
                                     Invoice date:    03/04/2024
Kostenstelle: KS-12                  Project: AB-123

Description                Qty     Unit price      Amount
Oak shelf 80x20              2         £50.00     £100.00
  as agreed, oiled
Desk lamp                    1         £20.00      £20.00

                                   Subtotal:      £120.00
                                   VAT 20%:        £24.00
                                   Total:         £144.00
VAT Reg No GB980780684
"""
FOUND = {
    "invoice_number": "INV-2041",
    "date": "2024-04-03",
    "issuer": "Northwind Paper Ltd",
    "currency": "GBP",
    "total": 144.0,
    "cost_centre": "KS-12",
    "project": "AB-123",
}
ROWS = [
    ("Oak shelf 80x20\nas agreed, oiled", 2, 50.0, 100.0),
    ("Desk lamp", 1, 20.0, 20.0),
]


def test_the_example_field_list_is_read_and_finds_its_fields() -> None:
    data = ClassicExtractor().extract(INVOICE, FOLDER / "fields.yaml")
    rows = data.pop("items")
    assert data == FOUND
    assert [tuple(row.values()) for row in rows] == ROWS
    assert Schema.of(FOLDER / "fields.yaml")["total"].required


def test_the_example_template_reads_its_suppliers_invoice() -> None:
    extractor = ClassicExtractor(FOLDER / "templates")
    wanted = ["invoice_number", "date", "amount", "amount_untaxed", "country_code", "lines"]
    data = extractor.extract(INVOICE, wanted)
    rows = data.pop("lines")
    assert data == {
        "invoice_number": "INV-2041",
        "date": "2024-04-03",
        "amount": 144.0,
        "amount_untaxed": 120.0,
        "country_code": "GB",
    }
    assert [tuple(row.values()) for row in rows] == ROWS
