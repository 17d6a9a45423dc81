"""`Batch` with a journal: leased before, durable before it is handed on, nothing lost."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_journal import MemoryJournal, Shelf

from ai_catalyst.engine import Batch, Outcome, ProgressEvent, ProgressEventType
from ai_catalyst.engine.leases import MOST_IN_HAND
from ai_catalyst.errors import FileError, ItemCancelled, ProcessingError, StoreError


@pytest.fixture(autouse=True)
async def clean_loop() -> AsyncIterator[None]:
    """No task is left over and nothing is complained about, whatever a test does."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield
    gc.collect()
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    assert complaints == []


def key(number: int) -> bytes:
    return b"%d" % number


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def batch(work: Any, items: Any, limit: int = 4, **rules: Any) -> Batch[Any, Any]:
    rules.setdefault("journal", MemoryJournal())
    rules.setdefault("key", key)
    return Batch(work, items, limit, **rules)


def give_up(journal: MemoryJournal) -> None:
    """Let a journal's leases go, as when its process is dead."""
    leases = journal.shelf.leases
    for held in [key for key, owner in leases.items() if owner is journal]:
        del leases[held]


async def run(one: Batch[Any, Any]) -> list[Outcome[Any, Any]]:
    async with asyncio.timeout(20), one:
        return [outcome async for outcome in one]


async def agen(items: Any) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


# Done once.


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("kind", ["plain", "async", "ranked"])
@pytest.mark.parametrize("turns", [0, 3])
async def test_a_second_run_does_nothing_again(ordered: bool, kind: str, turns: int) -> None:
    shelf, worked = Shelf(), list[int]()

    async def work(number: int) -> int:
        worked.append(number)
        return 2 * number

    for attempt in range(2):
        outcomes = await run(
            batch(
                work,
                agen(range(700)) if kind == "async" else range(700),
                journal=MemoryJournal(shelf, turns=turns),
                ordered=ordered,
                priority=(lambda n: -n) if kind == "ranked" else None,
            )
        )
        if ordered:
            assert [outcome.index for outcome in outcomes] == list(range(700))
        assert sorted(outcome.index for outcome in outcomes) == list(range(700))
        assert all(outcome.value == 2 * outcome.item for outcome in outcomes)
        assert {outcome.resumed for outcome in outcomes} == {bool(attempt)}
        assert {outcome.attempts for outcome in outcomes} == {0 if attempt else 1}
        assert len(worked) == 700
        assert shelf.leases == {}


async def test_nothing_gives_nothing() -> None:
    assert await run(batch(double, [])) == []
    assert await run(batch(double, agen([]))) == []


async def test_equal_inputs_each_get_the_one_result() -> None:
    worked: list[int] = []

    async def work(number: int) -> int:
        worked.append(number)
        await asyncio.sleep(0)
        return 2 * number

    outcomes = await run(batch(work, [1, 2, 1, 1, 2, 3] * 50, ordered=True))
    assert [outcome.value for outcome in outcomes] == [2, 4, 2, 2, 4, 6] * 50
    assert sorted(worked) == [1, 2, 3]
    assert sum(not outcome.resumed for outcome in outcomes) == 3


async def test_equal_inputs_share_the_error_too() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        raise ValueError(number)

    outcomes = await run(batch(work, [1] * 5, ordered=True))
    assert [type(outcome.error) for outcome in outcomes] == [ValueError] * 5
    assert [outcome.resumed for outcome in outcomes] == [False] * 5


async def test_endless_equal_inputs_do_not_fill_the_memory() -> None:
    go_on, pulled = asyncio.Event(), 0

    def items() -> Iterator[int]:
        nonlocal pulled
        while True:
            pulled += 1
            yield 1

    async def work(number: int) -> int:
        await go_on.wait()
        return number

    async with asyncio.timeout(10), batch(work, items()) as one:
        for _ in range(3000):
            await asyncio.sleep(0)
        assert pulled <= MOST_IN_HAND + 1024
        go_on.set()
        count = 0
        async for _ in one:
            count += 1
            if count == 5000:
                break


async def test_a_failed_item_is_noted_and_tried_again_by_the_next_run() -> None:
    shelf = Shelf()

    async def fail(number: int) -> int:
        raise FileError("cannot be read") if number else ValueError("jane@example.com")

    outcomes = await run(batch(fail, range(2), journal=MemoryJournal(shelf)))
    assert not any(outcome.ok for outcome in outcomes)
    assert shelf.failed == {b"0": "ValueError", b"1": "FileError: cannot be read"}
    assert shelf.leases == {}
    outcomes = await run(batch(double, range(2), journal=MemoryJournal(shelf), ordered=True))
    assert [(outcome.value, outcome.resumed) for outcome in outcomes] == [(0, False), (2, False)]


# Durable first.


async def test_an_outcome_is_handed_on_after_it_was_committed() -> None:
    journal = MemoryJournal(turns=4)
    async with batch(double, range(300), journal=journal) as one:
        async for outcome in one:
            assert key(outcome.item) in journal.shelf.done


async def test_nothing_is_handed_on_before_the_commit_returns() -> None:
    journal = MemoryJournal()
    journal.commit_gate = asyncio.Event()
    async with asyncio.timeout(10), batch(double, range(5), journal=journal) as one:
        reader = asyncio.ensure_future(anext(aiter(one)))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not reader.done()
        journal.commit_gate.set()
        await reader


async def test_commits_come_in_groups() -> None:
    journal = MemoryJournal(turns=20)
    await run(batch(double, range(2000), 64, journal=journal))
    assert sum(journal.groups) == 2000
    assert len(journal.groups) < 200


@pytest.mark.parametrize("ordered", [False, True])
async def test_when_the_commit_fails_the_reader_hears_it_and_nothing_is_handed_on(
    ordered: bool,
) -> None:
    journal = MemoryJournal()
    journal.error = StoreError("disk full")
    seen = []
    with pytest.raises(StoreError, match="disk full"):
        async with (
            asyncio.timeout(10),
            batch(double, range(300), journal=journal, ordered=ordered) as one,
        ):
            async for outcome in one:
                seen.append(outcome)
    assert seen == []
    assert journal.shelf.leases == {}, "leases are kept for ever"


async def test_when_a_later_commit_fails_what_was_durable_is_handed_on() -> None:
    journal = MemoryJournal()
    seen = []
    with pytest.raises(StoreError, match="disk full"):
        async with asyncio.timeout(10), batch(double, itertools.count(), journal=journal) as one:
            async for outcome in one:
                seen.append(key(outcome.item))
                if len(seen) == 100:
                    journal.error = StoreError("disk full")
    assert len(seen) >= 100
    assert set(seen) == set(journal.shelf.done)
    assert journal.shelf.leases == {}


async def test_when_the_last_commit_fails_after_the_reader_left_it_is_raised() -> None:
    journal = MemoryJournal()
    journal.commit_gate = asyncio.Event()
    with pytest.raises(StoreError, match="disk full"):
        async with batch(double, range(3), journal=journal):
            await asyncio.sleep(0.001)
            journal.error = StoreError("disk full")
            journal.commit_gate.set()


async def test_when_the_lease_fails_the_reader_hears_it() -> None:
    class Gone(MemoryJournal):
        async def lease(self, entries: Any) -> Any:
            raise StoreError("database is locked")

    with pytest.raises(StoreError, match="locked"):
        await run(batch(double, range(3), journal=Gone()))


async def test_a_result_that_cannot_be_encoded_fails_its_item() -> None:
    async def work(number: int) -> object:
        return object() if number == 1 else number

    shelf = Shelf()
    outcomes = await run(batch(work, range(3), journal=MemoryJournal(shelf), ordered=True))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, ProcessingError)
    assert outcomes[1].value is None
    assert set(shelf.done) == {b"0", b"2"}


async def test_a_stored_result_that_cannot_be_decoded_fails_its_item() -> None:
    shelf = Shelf()
    shelf.done[b"1"] = b"\xc1 not MessagePack"
    outcomes = await run(batch(double, range(3), journal=MemoryJournal(shelf), ordered=True))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, StoreError)
    assert outcomes[1].resumed


async def test_results_go_through_encode_and_decode() -> None:
    shelf = Shelf()
    rules = {"encode": str.encode, "decode": bytes.decode}

    async def work(number: int) -> str:
        return f"<{number}>"

    for _ in range(2):
        outcomes = await run(
            batch(work, range(3), journal=MemoryJournal(shelf), ordered=True, **rules)
        )
        assert [outcome.value for outcome in outcomes] == ["<0>", "<1>", "<2>"]
    assert shelf.done[b"2"] == b"<2>"


async def test_slow_decoding_does_not_hold_up_the_loop() -> None:
    """The loop guard of the suite allows 50 ms; decoding these takes 400."""
    shelf = Shelf()
    shelf.done = {key(number): b"x" for number in range(200)}

    def decode(value: bytes) -> str:
        time.sleep(0.002)
        return value.decode()

    outcomes = await run(batch(double, range(200), 64, journal=MemoryJournal(shelf), decode=decode))
    assert len(outcomes) == 200


# Keys and labels.


async def test_keys_may_be_awaited_and_a_key_that_fails_fails_its_item() -> None:
    async def slow_key(number: int) -> bytes:
        await asyncio.sleep(0)
        if number == 1:
            raise FileError("cannot be read")
        return key(number)

    outcomes = await run(batch(double, range(3), key=slow_key, ordered=True))
    assert [outcome.value for outcome in outcomes] == [0, None, 4]
    assert isinstance(outcomes[1].error, FileError)
    assert outcomes[1].attempts == 0


async def test_the_journal_gets_the_labels() -> None:
    journal = MemoryJournal()
    await run(batch(double, range(3), journal=journal, label="item {}.txt".format))
    assert journal.labels == {b"0": "item 0.txt", b"1": "item 1.txt", b"2": "item 2.txt"}


# Other processes.


async def test_what_another_process_does_is_waited_for() -> None:
    shelf = Shelf()
    other = MemoryJournal(shelf)
    shelf.leases[b"3"] = other

    async def finish() -> None:
        await asyncio.sleep(0.07)
        await other.commit([(b"3", b"\x06")])

    asyncio.get_running_loop().call_soon(lambda: tasks.append(asyncio.ensure_future(finish())))
    tasks: list[asyncio.Task[None]] = []
    outcomes = await run(batch(double, range(9), journal=MemoryJournal(shelf)))
    assert sorted(outcome.value for outcome in outcomes) == list(range(0, 18, 2))
    assert [outcome.item for outcome in outcomes if outcome.resumed] == [3]
    assert outcomes[-1].item == 3, "the others need not wait"


async def test_what_another_process_gives_up_is_taken_over() -> None:
    shelf = Shelf()
    dead = MemoryJournal(shelf)
    shelf.leases[b"3"] = dead
    asyncio.get_running_loop().call_later(0.06, shelf.leases.pop, b"3")
    outcomes = await run(batch(double, range(9), journal=MemoryJournal(shelf), ordered=True))
    assert [outcome.value for outcome in outcomes] == list(range(0, 18, 2))
    assert not outcomes[3].resumed


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_an_ordered_head_in_another_process_holds_back_what_fits_and_no_more(
    kind: str,
) -> None:
    shelf = Shelf()
    other, worked = MemoryJournal(shelf), 0
    shelf.leases[b"0"] = other

    async def work(number: int) -> int:
        nonlocal worked
        worked += 1
        await asyncio.sleep(0)
        return number

    items = range(5000) if kind == "plain" else agen(range(5000))
    async with (
        asyncio.timeout(15),
        batch(work, items, 8, journal=MemoryJournal(shelf), ordered=True) as one,
    ):
        await asyncio.sleep(0.1)
        assert worked <= MOST_IN_HAND + 64 + 8
        await other.commit([(b"0", b"\x00")])
        assert [outcome.index async for outcome in one] == list(range(5000))


async def test_what_another_process_holds_is_asked_for_less_and_less_often() -> None:
    shelf, journal = Shelf(), MemoryJournal()
    journal.shelf = shelf
    other = MemoryJournal(shelf)
    shelf.leases[b"0"] = other
    asyncio.get_running_loop().call_later(0.4, shelf.leases.pop, b"0")
    await run(batch(double, range(1), journal=journal))
    assert 3 <= journal.asked <= 8


async def test_busy_items_are_not_asked_for_with_every_group() -> None:
    shelf, journal = Shelf(), MemoryJournal()
    journal.shelf = shelf
    other = MemoryJournal(shelf)
    for number in range(100):
        shelf.leases[key(number)] = other
    asyncio.get_running_loop().call_later(0.01, give_up, other)
    await run(batch(double, range(3000), 64, journal=journal))
    assert journal.asked <= 3000 + 4 * 100


async def test_two_runs_at_once_share_the_work() -> None:
    shelf, worked = Shelf(), list[int]()

    async def work(number: int) -> int:
        worked.append(number)
        await asyncio.sleep(0.001)
        return number

    results = await asyncio.gather(
        *(run(batch(work, range(120), journal=MemoryJournal(shelf, turns=2))) for _ in range(3))
    )
    assert sorted(worked) == list(range(120)), "somebody did the same work twice"
    for outcomes in results:
        assert sorted(outcome.value for outcome in outcomes) == list(range(120))


async def test_slow_work_is_not_leased_far_ahead() -> None:
    journal = MemoryJournal()

    async def slow(number: int) -> int:
        await asyncio.sleep(0.12)
        return number

    async with batch(slow, range(1000), 4, journal=journal) as one:
        async for outcome in one:
            assert journal.asked <= 4 * 6
            if outcome.index >= 8:
                break


# Leaving, cancelling.


@pytest.mark.parametrize("how", ["break", "raise"])
async def test_leaving_early_commits_what_is_finished_and_gives_back_the_rest(how: str) -> None:
    journal = MemoryJournal()
    journal.commit_gate = asyncio.Event()
    finished = []

    async def work(number: int) -> int:
        if number >= 3:
            await asyncio.sleep(60)
        finished.append(number)
        return number

    async def leave() -> None:
        async with batch(work, range(100), journal=journal):
            await asyncio.sleep(0.001)
            asyncio.get_running_loop().call_later(0.01, journal.commit_gate.set)
            if how == "raise":
                raise KeyError

    try:
        await leave()
    except KeyError:
        assert how == "raise"
    assert finished == [0, 1, 2]
    assert set(journal.shelf.done) == {b"0", b"1", b"2"}
    assert journal.shelf.leases == {}


@pytest.mark.parametrize("moment", range(0, 40, 2))
async def test_cancelling_at_any_moment_loses_no_result_and_keeps_no_lease(
    moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.engine.commits.LINGER_S", 0)
    journal, finished = MemoryJournal(turns=2), set[bytes]()

    async def work(number: int) -> int:
        await asyncio.sleep(0)
        if number % 5 == 4:
            raise ValueError
        finished.add(key(number))
        return number

    async def reader() -> None:
        async with batch(work, itertools.count(), journal=journal) as one:
            async for outcome in one:
                assert not outcome.ok or key(outcome.item) in journal.shelf.done

    task = asyncio.create_task(reader())
    for _ in range(moment):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # impatiently
    await asyncio.wait([task])
    assert task.cancelled()
    assert set(journal.shelf.done) == finished
    assert journal.shelf.leases == {}


async def test_leaving_while_the_end_is_being_written_does_not_interrupt_it() -> None:
    """The input failed and its last results are on their way when the reader leaves too."""
    journal = MemoryJournal()
    journal.commit_gate = asyncio.Event()

    async def items() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(0.001)
        raise OSError("input gone")

    with pytest.raises(OSError, match="input gone"):
        async with batch(double, items(), journal=journal):
            await asyncio.sleep(0.005)
            asyncio.get_running_loop().call_later(0.005, journal.commit_gate.set)
    assert set(journal.shelf.done) == {b"1"}
    assert journal.shelf.leases == {}


async def test_when_the_input_fails_what_was_finished_is_handed_on_first() -> None:
    journal = MemoryJournal(turns=3)

    def items() -> Iterator[int]:
        yield from range(500)
        raise OSError("input gone")

    seen = []
    with pytest.raises(OSError, match="input gone"):
        async with batch(double, items(), journal=journal) as one:
            async for outcome in one:
                seen.append(key(outcome.item))
    assert seen
    assert set(seen) == set(journal.shelf.done)
    assert journal.shelf.leases == {}


async def test_leaving_during_a_lease_gives_it_back() -> None:
    journal = MemoryJournal()
    journal.lease_gate = asyncio.Event()
    async with batch(double, range(9), journal=journal):
        await asyncio.sleep(0.001)
        assert journal.shelf.leases
    assert journal.shelf.leases == {}


async def test_a_lease_of_another_process_is_not_given_back() -> None:
    shelf = Shelf()
    other = MemoryJournal(shelf)
    shelf.leases[b"1"] = other
    async with batch(double, range(3), journal=MemoryJournal(shelf)):
        await asyncio.sleep(0.001)
    assert shelf.leases == {b"1": other}


async def test_work_that_cancels_itself_or_swallows_its_cancellation_costs_no_worker() -> None:
    async def work(number: int) -> int:
        try:
            await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            return -1
        if number % 2:
            raise asyncio.CancelledError
        return number

    outcomes = await run(batch(work, range(20), 3, ordered=True))
    assert [isinstance(outcome.error, ItemCancelled) for outcome in outcomes] == [False, True] * 10
    async with asyncio.timeout(10), batch(work, itertools.count(), 3) as one:
        async for _ in one:
            break


async def test_fail_fast_notes_the_failure_first() -> None:
    journal = MemoryJournal()

    async def work(number: int) -> int:
        if number == 7:
            raise KeyError(number)
        return number

    with pytest.raises(KeyError):
        await run(batch(work, itertools.count(), journal=journal, fail_fast=True))
    assert journal.shelf.failed == {b"7": "KeyError"}
    assert journal.shelf.leases == {}


# Events, and everything at once.


async def test_resumed_items_are_completed_without_having_been_started() -> None:
    shelf, heard = Shelf(), list[ProgressEvent]()
    await run(batch(double, range(3), journal=MemoryJournal(shelf)))
    await run(batch(double, range(5), journal=MemoryJournal(shelf), on_event=heard.append))
    kinds = [event.event_type for event in heard]
    assert kinds.count(ProgressEventType.FILE_STARTED) == 2
    assert kinds.count(ProgressEventType.FILE_COMPLETED) == 5
    assert kinds[-1] is ProgressEventType.BATCH_COMPLETED
    assert heard[-1].current_file == 5


@settings(max_examples=60)
@given(
    numbers=st.lists(st.integers(0, 30), max_size=60),
    done=st.sets(st.integers(0, 30)),
    busy=st.sets(st.integers(0, 30)),
    failing=st.sets(st.integers(0, 30)),
    limit=st.integers(1, 9),
    ordered=st.booleans(),
    asynchronous=st.booleans(),
    turns=st.integers(0, 3),
)
async def test_any_mixture_of_done_busy_failing_and_equal_items(
    numbers: list[int],
    done: set[int],
    busy: set[int],
    failing: set[int],
    limit: int,
    ordered: bool,
    asynchronous: bool,
    turns: int,
) -> None:
    shelf = Shelf()
    other = MemoryJournal(shelf)
    shelf.done = {key(number): bytes([2 * number]) for number in done}
    shelf.leases = {key(number): other for number in busy - done}
    asyncio.get_running_loop().call_later(0.001, give_up, other)
    worked: list[int] = []

    async def work(number: int) -> int:
        worked.append(number)
        for _ in range(number % 3):
            await asyncio.sleep(0)
        if number in failing:
            raise ValueError
        return 2 * number

    items = agen(numbers) if asynchronous else numbers
    outcomes = await run(
        batch(work, items, limit, journal=MemoryJournal(shelf, turns=turns), ordered=ordered)
    )
    if not ordered:
        outcomes.sort(key=lambda outcome: outcome.index)
    assert [outcome.item for outcome in outcomes] == numbers
    for outcome in outcomes:
        number = outcome.item
        if number in done or number not in failing:
            assert outcome.value == 2 * number
        else:
            assert isinstance(outcome.error, ValueError)
    assert not set(worked) & done
    assert shelf.leases.keys() <= {key(number) for number in busy}
