"""Full-text search: what is asked is words, whoever asks sees only what is theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_servers import own_database

from ai_catalyst.store.scripts import Driver, open_driver
from ai_catalyst.store.search import NewPassage, PassageSearch, words_of

PANIC = NewPassage(
    "Sudden surges of fear with a racing heart, trembling and shortness of breath.",
    "Panic disorder > Criteria",
    3,
)
SLEEP = NewPassage(
    "Difficulty falling asleep several times a week, although there is time to sleep.",
    "Chronic insomnia > Criteria",
)


@pytest.fixture
def database_url() -> Iterator[str]:
    yield from own_database("postgres")


@pytest.fixture(params=["sqlite", "postgres"])
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    if request.param == "sqlite":
        driver = open_driver(tmp_path / "search.db")
        yield driver
        await driver.close()
        return
    driver = open_driver(request.getfixturevalue("database_url"))
    yield driver
    await driver.close()


async def test_the_passage_that_answers_best_comes_first(driver: Driver) -> None:
    search = PassageSearch(driver)
    await search.add("shared", "kb:panic", [PANIC])
    await search.add("shared", "kb:sleep", [SLEEP])
    hits = await search.search("Why does my heart race?", ["shared"])
    assert [hit.document for hit in hits] == ["kb:panic"]
    assert (hits[0].page, hits[0].heading, hits[0].text) == (3, PANIC.heading, PANIC.text)


async def test_a_collection_is_closed_to_those_who_do_not_name_it(driver: Driver) -> None:
    search = PassageSearch(driver)
    await search.add("a1", "doc:1", [PANIC])
    await search.add("b2", "doc:2", [PANIC])
    assert [hit.document for hit in await search.search("fear", ["b2"])] == ["doc:2"]
    assert {hit.document for hit in await search.search("fear", ["a1", "b2"])} == {"doc:1", "doc:2"}
    assert await search.search("fear", []) == []
    [mine] = await search.search("fear", ["a1"])
    assert await search.passages([mine.id], ["b2"]) == []


async def test_a_document_added_again_takes_its_own_place(driver: Driver) -> None:
    search = PassageSearch(driver)
    await search.add("shared", "doc:1", [PANIC, SLEEP])
    await search.add("shared", "doc:1", [SLEEP])
    assert await search.count("shared") == 1
    assert await search.search("trembling", ["shared"]) == []
    await search.remove("doc:1")
    assert await search.search("asleep", ["shared"]) == []


async def test_passages_come_by_id_in_the_order_asked(driver: Driver) -> None:
    search = PassageSearch(driver)
    ids = await search.add("shared", "doc:1", [PANIC, SLEEP])
    found = await search.passages(ids[::-1], ["shared"])
    assert [hit.text for hit in found] == [SLEEP.text, PANIC.text]


async def test_a_section_is_found_by_the_end_of_its_heading_in_ones_own_collections(
    driver: Driver,
) -> None:
    search = PassageSearch(driver)
    flags = [NewPassage(f"Flag {n}", "Panic disorder > Red flags") for n in range(2)]
    await search.add("a1", "doc:1", [PANIC, *flags])
    await search.add("b2", "doc:2", flags)
    hits = await search.section(["doc:1", "doc:2"], "Red flags", ["a1"])
    assert [(hit.document, hit.text) for hit in hits] == [("doc:1", "Flag 0"), ("doc:1", "Flag 1")]
    assert await search.section([], "Red flags", ["a1"]) == []


async def test_many_passages_keep_their_order(driver: Driver) -> None:
    search = PassageSearch(driver)
    ids = await search.add("shared", "doc:1", [NewPassage(f"part {n}") for n in range(1203)])
    found = await search.passages(ids, ["shared"])
    assert [hit.position for hit in found] == list(range(1203))


@pytest.mark.parametrize(
    "question",
    [
        '"',
        "AND OR NOT",
        "text:*",
        "fear NEAR(heart",
        "'; DROP TABLE passages; --",
        "a\x00b",
        "()*^:",
    ],
)
async def test_the_syntax_of_a_question_means_nothing(driver: Driver, question: str) -> None:
    search = PassageSearch(driver)
    await search.add("shared", "doc:1", [PANIC])
    await search.search(question, ["shared"])
    assert await search.count("shared") == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=200))
async def test_any_text_is_a_fair_question(driver: Driver, question: str) -> None:
    await PassageSearch(driver).search(question, ["shared"])


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert words_of("What is the matter with my heart?") == ["matter", "heart"]
    assert words_of("to be or not to be") == ["to", "be", "or", "not"]
    assert words_of("im sure he dont sleep") == ["sure", "sleep"]
    assert len(words_of(" ".join(f"w{n}" for n in range(500)))) == 64


def test_a_word_that_says_nothing_in_one_language_is_looked_for_in_another() -> None:
    assert words_of("My son says that he wants to die in a war") == [
        "son",
        "says",
        "wants",
        "die",
        "war",
    ]
    assert words_of("Mein Sohn sagt, dass er seit der Kur schlecht schläft") == [
        "sohn",
        "sagt",
        "seit",
        "kur",
        "schlecht",
        "schläft",
    ]


async def test_a_rare_word_says_more_than_many_common_ones(driver: Driver) -> None:
    search = PassageSearch(driver)
    common = [
        NewPassage(f"Every week somebody feels tired at work, number {n}.") for n in range(60)
    ]
    await search.add("shared", "doc:common", common)
    await search.add("shared", "doc:rare", [NewPassage("About trichotillomania, and work.")])
    question = "Every week I feel so tired at work, and somebody spoke of trichotillomania"
    assert (await search.search(question, ["shared"]))[0].document == "doc:rare"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("worrying", "She worries about everything."),
        ("self harm", "About self-harm in teenagers."),
        ("self-harm", "He harms his own self."),
        ("CAN'T SLEEP", "Sleeping badly."),
    ],
)
async def test_words_are_found_in_other_forms(driver: Driver, asked: str, kept: str) -> None:
    search = PassageSearch(driver)
    await search.add("shared", "doc:1", [NewPassage(kept)])
    assert len(await search.search(asked, ["shared"])) == 1


@pytest.mark.parametrize("typo", ["insomina", "schizofrenia", "depresion", "anxeity zebra"])
async def test_a_mistyped_word_is_known_by_its_beginning(driver: Driver, typo: str) -> None:
    search = PassageSearch(driver)
    texts = ["Insomnia.", "Schizophrenia.", "Depression.", "A zebra.", "An insole for shoes."]
    await search.add("shared", "doc:1", [NewPassage(text) for text in texts])
    hits = await search.search(typo, ["shared"], limit=3)
    assert hits[0].text[:4].lower() in {typo[:4], "a ze"}


async def test_a_word_that_only_begins_like_one_is_not_taken_for_it(driver: Driver) -> None:
    search = PassageSearch(driver)
    await search.add("shared", "doc:1", [NewPassage("A strict diet."), NewPassage("Strips.")])
    assert [hit.text for hit in await search.search("stripes", ["shared"])] in (["Strips."], [])
    assert await search.search("stricture zebra", ["shared"]) == []


async def test_a_word_is_found_as_soon_as_a_passage_has_it(driver: Driver) -> None:
    search = PassageSearch(driver)
    assert await search.search("okapi", ["shared"]) == []
    await search.add("shared", "doc:1", [NewPassage("The okapi is shy.")])
    assert len(await search.search("okapi", ["shared"])) == 1


async def test_a_question_of_several_pages_is_answered_by_what_is_rare_in_it(
    driver: Driver,
) -> None:
    search = PassageSearch(driver)
    await search.add("shared", "doc:1", [NewPassage("Hoarding: rooms full of newspapers.")])
    others = [NewPassage(f"People talk about life, case {n} of many.") for n in range(50)]
    await search.add("shared", "doc:2", others)
    story = " ".join(f"then word{n} happened in my life" for n in range(30))
    question = f"{story} and all her rooms are full of newspapers"
    assert (await search.search(question, ["shared"]))[0].document == "doc:1"
