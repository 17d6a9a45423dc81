"""`PIIProcessor` keeps its promises: the rules, the private model, the fallback, the twins."""

import asyncio
import json
import os
import sys
import threading
import warnings
from pathlib import Path

import pytest

from ai_catalyst import LLMProvider, PIIProcessor
from ai_catalyst.errors import BlockingCallWarning, PIIError, UserError
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.privacy import Scrubbed, Vault

sys.path.insert(0, str(Path(__file__).parent / "support"))
from parity import assert_twins

FOUND = json.dumps({"found": [{"kind": "NAME", "text": "the tall one from number nine"}]})
TEXT = "Ask the tall one from number nine, or write to jane@example.com."
SCRUBBED = "Ask <NAME>, or write to <EMAIL>."


@pytest.fixture(autouse=True)
def nobody_configured(monkeypatch):
    for name in list(os.environ):
        if name.startswith("CATALYST_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


class Said:
    """A completer that answers what it was told to."""

    def __init__(self, *answers, delay=0.0):
        self.answers = list(answers)
        self.prompts = []
        self.delay = delay
        self.at_once = self.peak = 0

    async def generate_async(self, prompt):
        self.prompts.append(prompt)
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        await asyncio.sleep(self.delay)
        self.at_once -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("John called 555-1234", "<NAME> called <PHONE>"),
        ("Email: jane@example.com", "Email: <EMAIL>"),
        ("John Smith", "<NAME>"),
        ("", ""),
        ("Nothing to see here.", "Nothing to see here."),
    ],
)
def test_the_contract_s_examples_come_out_as_written(text, scrubbed):
    result = PIIProcessor().scrub_text(text)
    assert result == scrubbed
    assert isinstance(result, Scrubbed)
    assert (result.strategy, result.fell_back) == ("regex", False)


def test_a_batch_keeps_the_order():
    texts = [f"user{n}@example.com, item {n}" for n in range(50)]
    assert PIIProcessor().batch_scrub_texts(texts) == [f"<EMAIL>, item {n}" for n in range(50)]


def test_off_changes_nothing_and_says_so():
    result = PIIProcessor(strategy="off").scrub_text("jane@example.com")
    assert (result, result.strategy, result.findings) == ("jane@example.com", "off", [])
    assert PIIProcessor().scrub_text("jane@example.com", strategy="off") == "jane@example.com"


def test_wrong_options_are_refused_by_name():
    for wrong in ({"strategy": "magic"}, {"preset": "odd"}, {"locales": ("xx",)}):
        with pytest.raises(UserError):
            PIIProcessor(**wrong)
    with pytest.raises(UserError, match="magic"):
        PIIProcessor().scrub_text("text", strategy="magic")


def test_each_async_method_has_a_twin():
    assert set(assert_twins(PIIProcessor)) == {
        "scrub_text",
        "batch_scrub_texts",
        "detect",
        "pseudonymise",
    }


async def test_a_twin_inside_a_running_loop_works_and_says_what_to_use_instead():
    pii = PIIProcessor()
    with pytest.warns(BlockingCallWarning, match="scrub_text_async"):
        assert pii.scrub_text("jane@example.com") == "<EMAIL>"


def test_a_twin_outside_of_a_loop_says_nothing_and_starts_no_thread():
    before = threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PIIProcessor().detect("jane@example.com")
    assert threading.active_count() == before


def test_what_the_model_found_is_united_with_what_the_rules_found():
    result = PIIProcessor(strategy="llm", llm=Said(FOUND)).scrub_text(TEXT)
    assert result == SCRUBBED
    assert (result.strategy, result.fell_back) == ("llm", False)


@pytest.mark.parametrize(
    "answer",
    [
        '{"found": [{"kind": "PERSON", "text": "the tall one from number nine", "start": 999}]}',
        'Sure! ```json\n{"NAME": ["the tall one from number nine"]}\n```',
        '[{"type": "person", "text": "the tall one from number nine"}]',
        '{"found": [{"kind": "NAME", "text": "The tall one\\nfrom number nine"}]}',
    ],
)
def test_the_forms_models_answer_in_are_understood(answer):
    assert PIIProcessor(strategy="llm", llm=Said(answer)).scrub_text(TEXT) == SCRUBBED


def test_a_string_that_the_model_invented_is_not_found_and_does_no_harm():
    answer = '{"found": [{"kind": "NAME", "text": "Somebody Else"}, {"kind": "NAME", "text": "a"}]}'
    result = PIIProcessor(strategy="llm", llm=Said(answer)).scrub_text(TEXT)
    assert result == TEXT.replace("jane@example.com", "<EMAIL>")


@pytest.mark.parametrize("answer", ["I cannot do that.", "42", OSError("gone"), '{"found": 3}'])
def test_a_model_that_fails_leaves_the_rules_and_the_result_says_so(answer):
    result = PIIProcessor(strategy="llm", llm=Said(answer)).scrub_text(TEXT)
    assert result == TEXT.replace("jane@example.com", "<EMAIL>")
    assert (result.strategy, result.fell_back) == ("regex", True)
    with pytest.raises(PIIError):
        PIIProcessor(strategy="llm", llm=Said(answer), fallback=False).scrub_text(TEXT)


def test_an_error_of_the_processor_never_holds_the_text():
    with pytest.raises(PIIError) as caught:
        PIIProcessor(strategy="llm", llm=Said(OSError("x")), fallback=False).scrub_text(TEXT)
    assert "jane" not in str(caught.value)


def test_a_long_text_is_shown_to_the_model_in_pieces_that_overlap():
    said = Said(FOUND)
    text = "word " * 3000 + TEXT
    assert PIIProcessor(strategy="llm", llm=said).scrub_text(text).endswith(SCRUBBED)
    assert len(said.prompts) == 3


def test_allowed_texts_stay_even_when_the_model_names_them():
    pii = PIIProcessor(strategy="llm", llm=Said(FOUND), allow=["the tall one from number nine"])
    assert pii.scrub_text(TEXT).startswith("Ask the tall one")


async def test_cancelling_passes_through():
    pii = PIIProcessor(strategy="llm", llm=Said(FOUND, delay=30))
    task = asyncio.ensure_future(pii.scrub_text_async(TEXT))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_batch_asks_the_model_many_times_at_once_and_at_most_so_many():
    texts = [f"{TEXT} {n}" for n in range(40)]
    said = Said(FOUND, delay=0.02)
    pii = PIIProcessor(strategy="llm", llm=said, max_concurrent=10)
    results = pii.batch_scrub_texts(texts)
    assert [str(result) for result in results] == [f"{SCRUBBED} {n}" for n in range(40)]
    assert said.peak == 10  # ten at once: a tenth of the waiting of one by one


def provider(*endpoints):
    return LLMProvider(list(endpoints), timeout=5)


async def test_a_private_endpoint_is_asked_with_the_raw_text_and_a_public_one_is_not():
    async with (
        ModelServer(Behaviour(FOUND)) as near,
        ModelServer(Behaviour(FOUND)) as far,
        provider(near.endpoint("near"), far.endpoint("far", "cloud", private=False)) as llm,
        PIIProcessor(strategy="llm", llm=llm) as pii,
    ):
        result = await pii.scrub_text_async(TEXT)
        assert (result, result.strategy) == (SCRUBBED, "llm")
        assert near.count == 1
        assert far.count == 0
        assert "the tall one from number nine" in str(near.requests[0])


async def test_only_public_endpoints_means_that_nothing_is_sent():
    async with (
        ModelServer(Behaviour(FOUND)) as far,
        provider(far.endpoint("far", "cloud", private=False)) as llm,
        PIIProcessor(strategy="llm", llm=llm, fallback=False) as pii,
    ):
        with pytest.raises(PIIError) as caught:
            await pii.scrub_text_async(TEXT)
        assert "private" in str(caught.value.__cause__)
        assert far.count == 0


async def test_a_remote_endpoint_is_asked_when_a_person_allows_it():
    async with (
        ModelServer(Behaviour(FOUND)) as far,
        provider(far.endpoint("far", "cloud", private=False)) as llm,
        PIIProcessor(strategy="llm", llm=llm, allow_remote=True) as pii,
    ):
        assert await pii.scrub_text_async(TEXT) == SCRUBBED
        assert far.count == 1


async def test_a_completer_that_says_it_is_not_private_is_not_asked():
    said = Said(FOUND)
    said.private = False
    result = await PIIProcessor(strategy="llm", llm=said).scrub_text_async(TEXT)
    assert result.fell_back
    assert said.prompts == []


async def test_pseudonyms_are_restored_whole_and_in_a_stream():
    pii = PIIProcessor()
    hidden, vault = await pii.pseudonymise_async("John called jane@example.com")
    assert hidden == "<NAME_1> called <EMAIL_1>"
    again, same = pii.scrubber.pseudonymise("Answer jane@example.com", vault)
    assert (again, same is vault) == ("Answer <EMAIL_1>", True)

    async def pieces():
        for piece in ("Dear <NA", "ME_1", ">, I wrote to <EMAIL_", "1>."):
            yield piece

    answer = "".join([piece async for piece in vault.restore_stream(pieces())])
    assert answer == "Dear John, I wrote to jane@example.com."


def test_pseudonymise_takes_the_vault_of_a_session():
    vault = Vault()
    pii = PIIProcessor()
    assert pii.pseudonymise("jane@example.com", vault=vault) == ("<EMAIL_1>", vault)
    assert pii.pseudonymise("jane@example.com", vault=vault)[0] == "<EMAIL_1>"


async def test_a_long_text_does_not_hold_up_the_loop():
    text = "John Smith wrote to jane@example.com on 3 May 2001. " * 1500  # the guard watches
    result = await PIIProcessor().scrub_text_async(text)
    assert result.count("<EMAIL>") == 1500
    assert "jane" not in result
