"""Floors for accuracy on shared texts; the figures themselves come from ``benchmarks.privacy``."""

import importlib.util
from pathlib import Path

import pytest

from ai_catalyst.privacy import Scrubber, Vault

HOME = Path(__file__).resolve().parents[2] / "benchmarks" / "privacy.py"
spec = importlib.util.spec_from_file_location("benchmark_of_privacy", HOME)
measure = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measure)
chat, court = measure.chat, measure.court


@pytest.fixture(scope="module")
def scrubber():
    return Scrubber(ner=False)


def test_structured_kinds_on_chat_texts(shared_data, scrubber):
    score = measure.span_scores(scrubber.detect, chat(shared_data))
    assert score.f2 >= 0.98
    assert score.precision >= 0.95


def test_personal_tokens_on_chat_texts_by_rules_alone(shared_data, scrubber):
    assert measure.token_scores(scrubber.detect, chat(shared_data)).f2 >= 0.84


def test_direct_identifiers_in_court_texts_by_rules_alone(shared_data, scrubber):
    scores = measure.recall_of_court(scrubber.detect, court(shared_data, "dev"))
    assert scores.direct >= 0.98
    assert scores.precision >= 0.9


def test_every_shared_text_is_restored_to_the_letter(shared_data, scrubber):
    for row in [*chat(shared_data), *court(shared_data, "dev")]:
        vault = Vault()
        hidden, _ = scrubber.pseudonymise(row["text"], vault)
        assert vault.restore(hidden) == row["text"]
        pieces = [hidden[at : at + 7] for at in range(0, len(hidden), 7)]
        assert "".join(vault.restore_stream(pieces)) == row["text"]
