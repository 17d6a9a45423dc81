"""How much a word says: counted once in a while, the commonest left out of long questions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from real_servers import own_database

from ai_catalyst.store.rarity import KEPT_S, RARE, Rarity, weight_of
from ai_catalyst.store.scripts import Driver, open_driver
from ai_catalyst.store.search import NewPassage, PassageSearch


@pytest.fixture
def database_url() -> Iterator[str]:
    yield from own_database("postgres")


@pytest.fixture(params=["sqlite", "postgres"])
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    place = tmp_path / "x.db" if request.param == "sqlite" else None
    driver = open_driver(place or request.getfixturevalue("database_url"))
    yield driver
    await driver.close()


async def fill(driver: Driver, texts: Sequence[str], document: str = "d") -> None:
    await PassageSearch(driver).add("c", document, [NewPassage(text) for text in texts])


def test_a_weight_falls_with_the_passages_that_have_the_word() -> None:
    weights = [weight_of(found, 100) for found in (0, 1, 10, 50, 100)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0


async def test_words_weigh_by_how_rare_they_are_in_any_form(driver: Driver) -> None:
    await fill(driver, ["sleeping badly", "sleeps well", "he slept in a tent", "a bear"])
    weights = await Rarity(driver).of(["sleep", "bear", "zebra"])
    assert weights["zebra"] > weights["bear"] > weights["sleep"]


async def test_counts_are_kept_for_a_while(driver: Driver, monkeypatch: Any) -> None:
    now = [0.0]
    rarity = Rarity(driver, clock=lambda: now[0])
    await fill(driver, ["a bear", "a zebra"])
    before = await rarity.of(["bear"])
    await fill(driver, ["a bear"] * 20, "more")
    assert (await rarity.of(["bear"])) == before
    now[0] = KEPT_S + 1
    assert (await rarity.of(["bear"]))["bear"] < before["bear"]


async def test_of_a_long_question_the_rarest_words_are_kept(driver: Driver) -> None:
    words = [f"word{n}" for n in range(RARE + 20)]
    await fill(driver, [*[" ".join(words[:20])] * 3, " ".join(words[20:])])
    rarity = Rarity(driver)
    assert set(await rarity.of(words)) == set(words[20:])
    # What no passage has yet is looked for as well: one may have it by then.
    assert "okapi" in await rarity.of([*words, "okapi"])
    assert rarity.unknown([*words, "okapi"]) == ["okapi"]


async def test_in_many_passages_a_word_that_most_have_is_left_out(driver: Driver) -> None:
    await fill(driver, [*["people talk"] * 1100, "people keep bears"])
    assert set(await Rarity(driver).of(["people", "bears"])) == {"bears"}
    assert set(await Rarity(driver).of(["people"])) == {"people"}
