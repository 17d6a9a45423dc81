"""Commits: groups, the patience they are gathered with, and what is kept of an error."""

from __future__ import annotations

import asyncio
import time

import pytest
from memory_journal import MemoryJournal

from ai_catalyst.engine import Batch
from ai_catalyst.engine.commits import GROUP, LINGER_S, describe
from ai_catalyst.errors import FileError


def key(number: int) -> bytes:
    return b"%d" % number


async def test_results_wait_for_company_but_not_for_long() -> None:
    journal = MemoryJournal()

    async def work(number: int) -> float:
        await asyncio.sleep(0.001 * number)
        return time.monotonic()

    async with Batch(work, range(8), 8, journal=journal, key=key) as batch:
        waits = [time.monotonic() - outcome.unwrap() async for outcome in batch]
    assert len(journal.groups) <= 4
    assert max(waits) < LINGER_S + 0.25  # "some tens of milliseconds", and a busy machine


async def test_a_full_group_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_catalyst.engine.commits.LINGER_S", 3600)
    journal = MemoryJournal()

    async def work(number: int) -> int:
        if number >= 2 * GROUP:
            await asyncio.Event().wait()
        return number

    seen = 0
    async with (
        asyncio.timeout(20),
        Batch(work, range(2 * GROUP + 10), 64, journal=journal, key=key) as batch,
    ):
        async for _ in batch:
            seen += 1
            if seen == GROUP:
                break


async def test_the_last_results_wait_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_catalyst.engine.commits.LINGER_S", 3600)

    async def work(number: int) -> int:
        return number

    async with (
        asyncio.timeout(20),
        Batch(work, range(5), 2, journal=MemoryJournal(), key=key) as batch,
    ):
        assert len([outcome async for outcome in batch]) == 5


def test_of_a_foreign_error_only_the_type_is_kept() -> None:
    assert describe(ValueError("Jane is ill")) == "ValueError"
    assert describe(FileError("a.pdf: cannot be read")) == "FileError: a.pdf: cannot be read"
