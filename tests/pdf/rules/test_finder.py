"""Claims about what rules do with pages nobody foresaw."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.pdf.classic import USUAL_FIELDS
from ai_catalyst.pdf.model import PageText, Word
from ai_catalyst.pdf.rules.finder import find_fields
from ai_catalyst.pdf.schema import Schema

SCHEMA = Schema.of(
    [*USUAL_FIELDS, "items", "email", "phone", {"name": "own", "labels": ["Gate"], "many": True}]
)
PIECES = st.sampled_from(
    (
        *("Total", "Invoice", "Date:", "VAT", "IBAN", "Bill to", "Qty", "Description", "Price"),
        *("12.50", "€", "1.234,00", "3 May 2024", "01/02/2024", "A-77", "Example Ltd", "Gate"),
        *("12345 Townsville", "jane@example.org", "www.example.org", "|", "#", "19 %", "\n", "   "),
        *("DE89370400440532013000", "Rechnung", "Summe", "\n\n", ":", "Lamp", "-", "()", "\u00a0"),
    )
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=60), st.sampled_from([" ", "  ", "     ", ""]))
def test_any_page_gives_plain_values_with_evidence(pieces: list[str], gap: str) -> None:
    text = gap.join(pieces)
    extraction = find_fields([PageText(1, text, text)], SCHEMA)
    json.dumps(extraction.data)
    assert extraction.data.keys() == extraction.evidence.keys()
    for name, place in extraction.evidence.items():
        assert 0 < place.confidence < 1, name
        assert place.page == 1, name
        assert place.quote, name


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_no_text_breaks_the_rules(text: str) -> None:
    find_fields([PageText(1, text, text)], SCHEMA)


@given(
    st.lists(
        st.builds(
            Word,
            PIECES.filter(lambda piece: bool(piece.strip()) and " " not in piece),
            st.tuples(*[st.floats(-10, 900, allow_nan=False)] * 4),
        ),
        max_size=25,
    )
)
def test_boxes_that_make_no_sense_break_nothing(words: list[Word]) -> None:
    find_fields([PageText(1, "", "", words=tuple(words))], SCHEMA)
