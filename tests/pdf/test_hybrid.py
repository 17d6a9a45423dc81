"""Claims about rules first, and a model for what they leave open."""

from __future__ import annotations

import json
from typing import Any

import aiohttp.web  # noqa: F401 - half a second to import, which no loop should wait for
import pytest

import ai_catalyst.io.sessions  # noqa: F401 - loads certificates
from ai_catalyst.errors import UserError
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.pdf.ai import AIExtractor
from ai_catalyst.pdf.answers import UNVERIFIED
from ai_catalyst.pdf.classic import ClassicExtractor, pages_of
from ai_catalyst.pdf.hybrid import HybridExtractor, open_fields
from ai_catalyst.pdf.model import Evidence, Extraction
from ai_catalyst.pdf.schema import Schema

SURE = "Invoice number: A-77\nInvoice date: 3 May 2024\nTotal due: 119.00 EUR"


async def extracted(
    text: str, fields: Any, answer: dict[str, Any]
) -> tuple[Extraction, ModelServer]:
    async with (
        ModelServer(Behaviour(json.dumps(answer))) as server,
        LLMProvider([server.endpoint()], timeout=5.0) as llm,
    ):
        hybrid = HybridExtractor(ClassicExtractor(), AIExtractor(llm))
        return await hybrid.extract_pages(pages_of(text), fields), server


def quoted(value: Any, quote: str) -> dict[str, Any]:
    return {"value": value, "quote": quote, "page": 1}


async def test_a_model_is_not_asked_about_what_rules_are_sure_of() -> None:
    extraction, server = await extracted(SURE, ["invoice_number", "date", "total"], {})
    assert extraction.data == {"invoice_number": "A-77", "date": "2024-05-03", "total": 119.0}
    assert server.count == 0


async def test_a_model_is_asked_once_and_only_about_what_is_missing() -> None:
    text = f"{SURE}\nThe lamp was blue."
    fields = ["invoice_number", {"name": "colour", "description": "of the lamp"}]
    answer = {"colour": quoted("blue", "The lamp was blue")}
    extraction, server = await extracted(text, fields, answer)
    assert extraction.data == {"invoice_number": "A-77", "colour": "blue"}
    assert list(extraction.data) == ["invoice_number", "colour"]
    assert extraction.evidence["colour"].source == "model"
    assert server.count == 1
    prompt = server.requests[0].prompt
    assert "- colour (text): of the lamp" in prompt
    assert "- invoice_number" not in prompt


async def test_a_contradiction_goes_to_the_model_and_agreement_makes_surer() -> None:
    text = "Total due: 100.00 EUR\nTotal due: 90.00 EUR"
    answer = {"total": quoted(90.0, "Total due: 90.00 EUR")}
    extraction, server = await extracted(text, ["total"], answer)
    assert server.count == 1
    assert extraction.data == {"total": 90.0}
    assert extraction.evidence["total"].confidence > 0.6


async def test_a_shown_answer_beats_an_unsure_rule_but_is_not_called_sure() -> None:
    text = "Total due: 100.00 EUR\nTotal due: 90.00 EUR\nof which open 40.00"
    answer = {"total": quoted(40.0, "open 40.00")}
    extraction, _ = await extracted(text, ["total"], answer)
    assert extraction.data == {"total": 40.0}
    assert extraction.evidence["total"].confidence <= 0.7


async def test_an_answer_nobody_can_show_does_not_beat_a_rule() -> None:
    text = "Total due: 100.00 EUR\nTotal due: 90.00 EUR"
    answer = {"total": quoted(5.0, "Total 5.00")}
    extraction, server = await extracted(text, ["total"], answer)
    assert server.count == 1
    assert extraction.data["total"] in (100.0, 90.0)
    assert extraction.evidence["total"].source != UNVERIFIED


async def test_a_value_only_the_model_has_stays_flagged_when_unseen() -> None:
    answer = {"iban": quoted("DE89370400440532013000", "DE89 3704")}
    extraction, _ = await extracted("A text.", ["iban"], answer)
    assert extraction.evidence["iban"].source == UNVERIFIED


def test_sums_that_do_not_add_up_are_open() -> None:
    schema = Schema.of(["amount", "net", "amount_tax", "date"])
    place = Evidence(1, "x", None, 0.95, "label")
    evidence = dict.fromkeys(schema.names, place)
    right = {"amount": 119.0, "net": 100.0, "amount_tax": 19.0, "date": "2024-05-03"}
    assert open_fields(Extraction(right, evidence), schema, 0.6) == []
    wrong = {**right, "net": 90.0}
    assert open_fields(Extraction(wrong, evidence), schema, 0.6) == ["amount", "net", "amount_tax"]


def test_options_hold_both_sides() -> None:
    class Model:
        async def generate_async(self, prompt: str, **options: Any) -> Any:
            raise AssertionError(prompt)

    classic, ai = ClassicExtractor(), AIExtractor(Model())
    assert (
        HybridExtractor(classic, ai).options() != HybridExtractor(classic, ai, sure=0.9).options()
    )
    with pytest.raises(UserError, match="sure"):
        HybridExtractor(classic, ai, sure=2)


def test_sync_code_extracts_from_a_text() -> None:
    class Model:
        async def generate_async(self, prompt: str, **options: Any) -> Any:
            raise AssertionError(prompt)

    hybrid = HybridExtractor(ClassicExtractor(), AIExtractor(Model()))
    assert hybrid.extract(SURE, ["total"]) == {"total": 119.0}
