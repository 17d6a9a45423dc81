"""Claims about `Analysis`, its JSON, and the check of a model's answer."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.analysis import Analysis, decode_analysis, encode_analysis
from ai_catalyst.analysis.schemas import ANSWER_SCHEMA, ENTITY_KINDS, analysis_from_answer
from ai_catalyst.errors import ProcessingError, StoreError
from ai_catalyst.llm.schema import Schema

GOOD = {
    "summary": "A farm buried sensors.",
    "key_points": ["The pump ran less.", "Mice ate four sensors."],
    "topics": ["soil", "irrigation"],
    "entities": {
        "people": ["Judith Kamara"],
        "organisations": [],
        "places": ["Leeds"],
        "dates": ["March 2025"],
        "other": [],
    },
    "why_it_matters": "Water is scarce.",
    "methodology": "",
    "findings": [],
    "confidence": 0.8,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_good_answer_is_taken_whole() -> None:
    analysis = analysis_from_answer(json.dumps(GOOD), method="m-1", language="en", words=7)
    assert analysis.summary == GOOD["summary"]
    assert analysis.key_points == GOOD["key_points"]
    assert analysis.entities == GOOD["entities"]
    assert analysis.confidence == 0.8
    assert (analysis.method, analysis.language, analysis.words) == ("m-1", "en", 7)
    assert not analysis.partial
    assert not analysis.extractive


def test_the_journal_gives_back_what_it_was_given() -> None:
    analysis = analysis_from_answer(GOOD, method="m-1")
    assert decode_analysis(encode_analysis(analysis)) == analysis


def test_a_damaged_journal_value_is_a_store_error() -> None:
    with pytest.raises(StoreError, match="--force-refresh"):
        decode_analysis(b'{"summary": 3}')


@pytest.mark.parametrize(
    "answer",
    [
        "```json\n" + json.dumps(GOOD) + "\n```",
        "Here is the analysis you asked for:\n" + json.dumps(GOOD) + "\nAnything else?",
        json.dumps(GOOD, indent=2),
    ],
)
def test_json_is_found_in_what_models_put_around_it(answer: str) -> None:
    assert analysis_from_answer(answer, method="m").key_points == GOOD["key_points"]


def test_prose_becomes_a_partial_summary() -> None:
    analysis = analysis_from_answer("The farm saved water.", method="m")
    assert analysis.summary == "The farm saved water."
    assert analysis.partial
    assert analysis.confidence == 0.0


@pytest.mark.parametrize(
    "answer", ["", "   ", "{", '{"summary": ', "[]", "{}", '{"summary": ""}', '{"summary": null}']
)
def test_an_answer_without_a_summary_is_refused(answer: str) -> None:
    with pytest.raises(ProcessingError, match="no summary"):
        analysis_from_answer(answer, method="m")


def test_other_forms_models_like_are_understood_and_marked_partial() -> None:
    answer = {
        "summary": {"text": "Short."},
        "key_points": "- one\n- two",
        "topics": "soil, water",
        "entities": [
            {"name": "Ada Example", "type": "PERSON"},
            {"name": "Leeds", "type": "location"},
            "Messenger",
        ],
        "confidence": "85%",
    }
    analysis = analysis_from_answer(answer, method="m")
    assert analysis.summary == "Short."
    assert analysis.key_points == ["one", "two"]
    assert analysis.topics == ["soil", "water"]
    assert analysis.entities["people"] == ["Ada Example"]
    assert analysis.entities["places"] == ["Leeds"]
    assert analysis.entities["other"] == ["Messenger"]
    assert analysis.confidence == 0.85
    assert analysis.partial


def test_everything_in_an_answer_is_bounded_and_cleaned() -> None:
    answer = {
        "summary": "x" * 100_000,
        "key_points": [f"point {n} \x1b[31m" for n in range(1_000)],
        "topics": ["t" * 1_000],
        "entities": {"people": [f"Person {n}" for n in range(1_000)]},
        "confidence": float("inf"),
    }
    analysis = analysis_from_answer(answer, method="m\x1b[0m")
    assert len(analysis.summary) <= 4_000
    assert len(analysis.key_points) <= 12
    assert analysis.key_points[0] == "point 0"
    assert len(analysis.topics[0]) <= 80
    assert len(analysis.entities["people"]) <= 40
    assert analysis.confidence == 1.0
    assert analysis.method == "m"


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), JSON), JSON)
def test_whatever_a_model_says_is_an_analysis_or_a_processing_error(
    answer: dict[str, object], entities: object
) -> None:
    answer = {"summary": "There is one.", **answer, "entities": entities}
    try:
        analysis = analysis_from_answer(answer, method="m")
    except ProcessingError:
        return
    assert decode_analysis(encode_analysis(analysis)) == analysis
    assert 0.0 <= analysis.confidence <= 1.0
    assert tuple(analysis.entities) == ENTITY_KINDS


def test_the_schema_for_models_names_the_fields_of_the_analysis() -> None:
    assert set(ANSWER_SCHEMA["properties"]) <= {f.name for f in msgspec.structs.fields(Analysis)}
    kinds = ANSWER_SCHEMA["properties"]["entities"]["anyOf"][0]["properties"]
    assert list(kinds) == list(ENTITY_KINDS)


@pytest.mark.parametrize("answer", [GOOD, {**GOOD, "entities": ["Leeds"]}, {**GOOD, "mood": "dry"}])
def test_answers_that_can_be_used_fit_the_schema(answer: dict[str, object]) -> None:
    assert Schema(ANSWER_SCHEMA).read(json.dumps(answer)) == answer
