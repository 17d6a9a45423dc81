"""Search by meaning: weighed with words, filled in behind, closed to others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_servers import own_database

from ai_catalyst.store.scripts import Driver, open_driver
from ai_catalyst.store.search import NewPassage, PassageSearch
from ai_catalyst.store.vectors import HybridSearch, fused

MEANINGS = {"heart": 0, "cardiac": 0, "pulse": 0, "sleep": 1, "insomnia": 1, "dog": 2}


class ByMeaning:
    """Knows which of some words mean the same."""

    def __init__(self, name: str = "m1") -> None:
        self.name = name
        self.asked = 0

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += len(texts)
        rows = []
        for text in texts:
            row = [0.0, 0.0, 0.0, 0.01]
            for word, place in MEANINGS.items():
                row[place] += word in text.lower()
            rows.append(row)
        return rows


@pytest.fixture
def database_url() -> Iterator[str]:
    yield from own_database("postgres")


@pytest.fixture(params=["sqlite", "postgres"])
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    url = (
        tmp_path / "v.db" if request.param == "sqlite" else request.getfixturevalue("database_url")
    )
    driver = open_driver(url)
    yield driver
    await driver.close()


async def test_what_means_the_same_is_found_without_a_common_word(driver: Driver) -> None:
    words, embedder = PassageSearch(driver), ByMeaning()
    await words.add("a", "d:1", [NewPassage("A cardiac problem."), NewPassage("Insomnia again.")])
    search = HybridSearch(driver, words, embedder)
    assert await search.search("heart", ["a"]) == []
    assert await search.fill() == 2
    assert await search.fill() == 0
    fresh = HybridSearch(driver, words, embedder)
    hits = await fresh.search("heart", ["a"])
    assert hits[0].text == "A cardiac problem."


async def test_meaning_keeps_collections_apart(driver: Driver) -> None:
    words = PassageSearch(driver)
    await words.add("a", "d:1", [NewPassage("A cardiac problem.")])
    await words.add("b", "d:2", [NewPassage("The pulse of a dog.")])
    search = HybridSearch(driver, words, ByMeaning())
    await search.fill()
    assert {hit.document for hit in await search.search("heart", ["a"])} == {"d:1"}
    assert {hit.document for hit in await search.search("heart", ["a", "b"])} == {"d:1", "d:2"}


async def test_another_model_makes_all_vectors_anew(driver: Driver) -> None:
    words = PassageSearch(driver)
    await words.add("a", "d:1", [NewPassage(f"cardiac {n}") for n in range(100)])
    first, second = ByMeaning("m1"), ByMeaning("m2")
    search = HybridSearch(driver, words, first)
    while await search.fill():
        pass
    assert first.asked == 100
    again = HybridSearch(driver, words, second)
    while await again.fill():
        pass
    assert second.asked == 100


async def test_a_passage_that_came_later_is_found_soon(driver: Driver) -> None:
    now = [0.0]
    words = PassageSearch(driver)
    await words.add("a", "d:1", [NewPassage("A cardiac problem.")])
    search = HybridSearch(driver, words, ByMeaning(), clock=lambda: now[0])
    await search.fill()
    assert len(await search.search("pulse", ["a"])) == 1
    await words.add("a", "d:2", [NewPassage("Heart of gold.")])
    await search.fill()
    now[0] += 3
    assert len(await search.search("pulse", ["a"])) == 2


SCORES = st.dictionaries(st.integers(0, 30), st.floats(-5, 5), max_size=20)


@given(words=SCORES, meaning=SCORES)
def test_a_fused_score_is_between_none_and_all(words, meaning) -> None:
    scores = fused(words, meaning)
    assert scores.keys() == (words.keys() | meaning.keys() if meaning else words.keys())
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in scores.values())


def test_the_best_of_both_is_the_best() -> None:
    scores = fused({1: 9.0, 2: 5.0, 3: 1.0}, {1: 0.9, 2: 0.5, 4: 0.1})
    assert max(scores, key=scores.__getitem__) == 1
