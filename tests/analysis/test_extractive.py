"""Claims about the analyst that needs no model."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.analysis import ExtractiveAnalyst, decode_analysis, encode_analysis
from ai_catalyst.analysis.extractive import extract
from ai_catalyst.engine import LoopGuard
from ai_catalyst.model import Document

ARTICLE = """In March 2025 the Ellerbeck vegetable farm buried forty soil moisture sensors under
eleven fields, and its irrigation pump ran 34 percent fewer hours than the year before. Farmer
Judith Kamara says the money was recovered by the end of August.

The soil moisture sensors did not reveal a secret. They settled an argument about water. For years
two opinions had competed on the farm: that the sandy fields near the river dry out first, and that
the clay on the hill only looks wet.

Six of the forty sensors failed, four of them because of mice and two because of a plough. Radio
contact broke whenever the potatoes were in full leaf.

The farm now shares its measurements with the University of Askrigg, which compares them with
satellite images. Early results suggest that satellites see the top five centimetres very well.

Please subscribe to our newsletter! Write to farm@example.com or call 555-0100.
"""


@pytest.fixture(scope="module", autouse=True)
def _word_lists_are_read() -> None:
    extract(ARTICLE)


def test_it_chooses_sentences_of_the_document_and_writes_none() -> None:
    analysis = extract(ARTICLE, "Soil sensors")
    whole = " ".join(ARTICLE.split())
    assert analysis.key_points
    for point in analysis.key_points:
        assert point in whole
    assert analysis.summary.startswith("In March 2025 the Ellerbeck vegetable farm buried")


def test_it_finds_language_topics_and_names_and_says_what_it_is() -> None:
    analysis = extract(ARTICLE)
    assert analysis.method == "extractive"
    assert analysis.extractive
    assert analysis.language == "en"
    assert analysis.words == len(ARTICLE.split())
    assert "soil moisture sensors" in analysis.topics
    assert analysis.entities["people"] == ["Judith Kamara"]
    assert analysis.entities["organisations"] == ["University of Askrigg"]
    assert analysis.entities["dates"] == ["March 2025"]
    assert 0.3 < analysis.confidence <= 1.0


def test_it_repeats_no_addresses_numbers_or_advertisements() -> None:
    shown = json.dumps(extract(ARTICLE).to_dict())
    assert "example.com" not in shown
    assert "555-0100" not in shown
    assert "newsletter" not in shown


def test_the_same_sentence_twice_is_chosen_once() -> None:
    analysis = extract("\n\n".join([ARTICLE, ARTICLE, ARTICLE]))
    chosen = [analysis.summary, *analysis.key_points]
    assert len({*chosen}) == len(chosen)
    assert sum("buried forty soil" in text for text in chosen) == 1


def test_german_text_is_read_as_german() -> None:
    text = (
        "Der Gemeinschaftsgarten am Lindenhof geht in sein drittes Jahr. Im Sommer haben 46 "
        "Familien etwa 1.900 Kilogramm Gemüse geerntet. Frau Dr. Annegret Söllner plant eine "
        "Solarpumpe für den Gemeinschaftsgarten. Die Stadtwerke Lindenau zahlen am 14. März 2026 "
        "einen Zuschuss, z. B. für Schläuche. Der Verein hat dem Vorschlag zugestimmt."
    )
    analysis = extract(text)
    assert analysis.language == "de"
    assert "Gemeinschaftsgarten" in analysis.topics
    assert analysis.entities["people"] == ["Annegret Söllner"]
    assert analysis.entities["dates"] == ["14. März 2026"]


def test_a_mail_is_read_without_greeting_quotes_and_signature() -> None:
    text = (
        "Dear Beatrice,\n\nthe oak boards of your order will arrive two weeks late. The kiln at "
        "our sawmill failed on Monday, and boards dried in a hurry would warp.\n\nBest regards\n"
        "Florence\n\n> Could you confirm the delivery of the oak boards on the 28th?\n"
    )
    analysis = extract(text)
    assert analysis.summary.startswith("The oak boards of your order")
    assert "Could you confirm" not in analysis.summary + str(analysis.key_points)
    assert "Dear" not in str(analysis.to_dict())


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x1b[2J"])
def test_a_text_without_a_word_gives_an_empty_analysis(text: str) -> None:
    analysis = extract(text)
    assert analysis.summary == ""
    assert analysis.key_points == []
    assert analysis.words == 0


@pytest.mark.parametrize("text", ["Hello", "42", "Yes. No.", "x" * 5_000, "1 2 3 4 5 6 7"])
def test_a_very_short_or_odd_text_is_its_own_summary(text: str) -> None:
    summary = extract(text).summary
    assert summary
    assert len(summary) <= 700


@given(st.text(max_size=400))
def test_any_text_gives_an_analysis_that_can_be_stored(text: str) -> None:
    analysis = extract(text)
    assert decode_analysis(encode_analysis(analysis)) == analysis
    assert 0.0 <= analysis.confidence <= 1.0
    assert len(analysis.summary) <= 1_500


def test_lone_surrogates_and_overrides_are_not_handed_on() -> None:
    analysis = extract("The farm \ud800 buried \u202esensors under eleven fields.")
    encode_analysis(analysis)
    assert "\u202e" not in analysis.summary


def test_a_text_too_long_to_read_is_sampled_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_catalyst.analysis.extractive._READ_CHARS", 20_000)
    sentence = "Sensor {n} measured the water under field {n} on the hill near the river.\n"
    text = "".join(sentence.format(n=n) for n in range(1_000))
    analysis = extract(text)
    assert analysis.partial
    assert analysis.words == 14_000
    assert not extract(ARTICLE).partial


@pytest.mark.parametrize(
    "piece",
    ["[a](", "a@", "Ab Cd ", "a, ", "a: b\n", ". ", "Mr. ", "**", "| a ", "我们。", "(" * 9, "1 "],
    ids=repr,
)
def test_no_text_takes_time_that_grows_faster_than_its_length(piece: str) -> None:
    def cost(size: int) -> float:
        started = time.process_time()
        extract((piece * size)[:size])
        return time.process_time() - started

    cost(1_000)
    small = max(cost(8_000), 0.002)
    assert cost(64_000) < 8 * small * 4


def test_the_result_does_not_depend_on_the_process() -> None:
    import subprocess

    code = (
        "import sys; from ai_catalyst.analysis.extractive import extract;"
        "from ai_catalyst.analysis import encode_analysis;"
        "sys.stdout.buffer.write(encode_analysis(extract(sys.stdin.read(), 'Soil')))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=ARTICLE.encode(),
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": str(seed), "PYTHONUTF8": "1"},
        ).stdout
        for seed in (1, 2)
    }
    assert outputs == {encode_analysis(extract(ARTICLE, "Soil"))}


def test_its_digest_is_stable_and_its_own() -> None:
    assert ExtractiveAnalyst().digest() == ExtractiveAnalyst().digest()
    assert len(ExtractiveAnalyst().digest()) == 32


async def test_many_short_documents_do_not_hold_the_loop() -> None:
    analyst = ExtractiveAnalyst()
    await analyst.analyse(Document("warm", ARTICLE))
    with LoopGuard(0.05) as guard:
        for number in range(30):
            await analyst.analyse(Document(f"d{number}", ARTICLE[:3_900]))
            await asyncio.sleep(0)
    assert guard.stalls == []


async def test_a_long_document_is_read_in_a_worker() -> None:
    text = "\n\n".join([ARTICLE] * 60)
    expected = await asyncio.to_thread(extract, text, "Soil")
    assert await ExtractiveAnalyst().analyse(Document("long", text, "Soil")) == expected


def test_real_articles_are_summed_up_by_their_own_sentences(shared_data: Path) -> None:
    truth = json.loads((shared_data / "articles" / "ground-truth.json").read_text("utf-8"))
    bodies = [page["articleBody"] for page in truth.values() if len(page["articleBody"]) > 1_500]
    for body in random.Random(7).sample(bodies, 12):
        analysis = extract(body)
        assert len(analysis.summary) > 80
        assert 2 <= len(analysis.key_points) <= 6
        assert len(analysis.topics) >= 3
        assert analysis.confidence > 0.2
