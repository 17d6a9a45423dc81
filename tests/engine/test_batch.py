"""`Batch` without a journal: every item once, whatever is cancelled, raised or left."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.engine import (
    Batch,
    InFlight,
    Outcome,
    ProgressEvent,
    ProgressEventType,
    Retry,
)
from ai_catalyst.errors import ItemCancelled, ItemTimeout, UserError

Complaints = list[dict[str, Any]]


@pytest.fixture(autouse=True)
async def clean_loop() -> AsyncIterator[Complaints]:
    """No task is left over and nothing is complained about, whatever a test does."""
    complaints: Complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield complaints
    gc.collect()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"left over: {left}"
    assert complaints == []


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def at_once(number: int) -> int:
    return 2 * number


async def forever(_: object) -> None:
    await asyncio.Event().wait()


async def run(batch: Batch[Any, Any]) -> list[Outcome[Any, Any]]:
    async with asyncio.timeout(20), batch:
        return [outcome async for outcome in batch]


async def agen(items: Any) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


FORMS: list[Callable[[int], Any]] = [
    range,
    lambda n: list(range(n)),
    lambda n: iter(range(n)),
    lambda n: (x for x in range(n)),
    lambda n: agen(range(n)),
]


# Every item once.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("work", [double, at_once])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("told", [False, True])
async def test_each_item_has_one_outcome(
    form: Callable[[int], Any], work: Any, ordered: bool, told: bool
) -> None:
    rules = {"on_event": lambda event: None} if told else {}
    outcomes = await run(Batch(work, form(300), 7, ordered=ordered, **rules))
    if ordered:
        assert [outcome.index for outcome in outcomes] == list(range(300))
    assert sorted(outcome.index for outcome in outcomes) == list(range(300))
    assert all(outcome.value == 2 * outcome.item == 2 * outcome.index for outcome in outcomes)


@pytest.mark.parametrize("form", FORMS)
async def test_nothing_gives_nothing(form: Callable[[int], Any]) -> None:
    assert await run(Batch(double, form(0), 64)) == []


async def test_a_limit_above_the_number_of_items_starts_no_idle_workers() -> None:
    async with Batch(forever, [1, 2, 3], 500):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) < 10


async def test_equal_inputs_each_get_an_outcome() -> None:
    outcomes = await run(Batch(double, [3] * 50, 8))
    assert sorted(outcome.index for outcome in outcomes) == list(range(50))


async def test_at_most_limit_run_at_once_and_that_many_do() -> None:
    running, most = 0, 0

    async def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1

    await run(Batch(work, range(100), 7))
    assert most == 7


async def test_thousands_of_workers_start_without_holding_up_the_loop() -> None:
    assert len(await run(Batch(at_once, range(20_000), 20_000))) == 20_000


@settings(max_examples=60)
@given(
    count=st.integers(0, 40),
    limit=st.integers(1, 12),
    failing=st.sets(st.integers(0, 39)),
    ordered=st.booleans(),
    turns=st.lists(st.integers(0, 5), min_size=1),
    form=st.sampled_from(FORMS),
)
async def test_any_mixture_of_slow_and_failing_items(
    count: int,
    limit: int,
    failing: set[int],
    ordered: bool,
    turns: list[int],
    form: Callable[[int], Any],
) -> None:
    async def work(number: int) -> int:
        for _ in range(turns[number % len(turns)]):
            await asyncio.sleep(0)
        if number in failing:
            raise ValueError(number)
        return number

    outcomes = await run(Batch(work, form(count), limit, ordered=ordered))
    by_index = outcomes if ordered else sorted(outcomes, key=lambda outcome: outcome.index)
    assert [outcome.index for outcome in by_index] == list(range(count))
    assert [outcome.ok for outcome in by_index] == [n not in failing for n in range(count)]


# Lazy, bounded.


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("ordered", [False, True])
async def test_an_endless_input_is_pulled_as_it_is_worked_on(kind: str, ordered: bool) -> None:
    pulled = 0

    def numbers() -> Iterator[int]:
        nonlocal pulled
        for pulled in itertools.count(1):  # noqa: UP028 - it counts
            yield pulled

    items = numbers() if kind == "plain" else agen(numbers())
    async with asyncio.timeout(20), Batch(double, items, 4, ordered=ordered) as batch:
        read = 0
        async for _ in batch:
            read += 1
            assert pulled <= read + 64 + 4 + 4  # in the box, in the workers' hands
            if read == 1000:
                break
    assert pulled < 1100


async def test_a_reader_that_sleeps_stops_the_workers() -> None:
    started = 0

    async def work(number: int) -> int:
        nonlocal started
        started += 1
        return number

    async with Batch(work, itertools.count(), 4) as batch:
        for _ in range(100):
            await asyncio.sleep(0)
        assert started <= 64 + 4
        async for _ in batch:
            break


async def test_a_slow_head_holds_back_the_others_and_not_more_than_fit() -> None:
    head, started = asyncio.Event(), 0

    async def work(number: int) -> int:
        nonlocal started
        started += 1
        if number == 0:
            await head.wait()
        return number

    async with asyncio.timeout(20), Batch(work, range(10_000), 8, ordered=True) as batch:
        for _ in range(500):
            await asyncio.sleep(0)
        assert started <= 64 + 8
        head.set()
        assert [outcome.index async for outcome in batch] == list(range(10_000))


async def test_memory_does_not_grow_with_the_number_of_items() -> None:
    """The real measure is in the benchmark; this one sees a leak of one object an item."""

    async def read(count: int) -> int:
        async with Batch(at_once, itertools.repeat(1, count), 16) as batch:
            async for _ in batch:
                pass
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = await read(500)
        assert await read(5000) - first < 100_000
    finally:
        tracemalloc.stop()


async def test_work_that_never_waits_does_not_hold_up_the_loop() -> None:
    """The loop guard of the suite allows 50 ms; all these items take 400."""

    async def work(number: int) -> int:
        time.sleep(0.002)  # what a cache hit and its decoding may take
        return number

    assert len(await run(Batch(work, range(100), 4))) == 100
    assert len(await run(Batch(work, range(100), 4, on_event=lambda event: None))) == 100


# Failures of items.


async def test_the_failure_of_an_item_is_a_value() -> None:
    async def work(number: int) -> float:
        return 1 / number

    outcomes = await run(Batch(work, [1, 0, 2], ordered=True))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        outcomes[1].unwrap()
    assert outcomes[2].unwrap() == 0.5


@pytest.mark.parametrize("rules", [{}, {"timeout": 60}, {"on_event": print}])
async def test_work_that_cancels_itself_costs_no_worker(rules: dict[str, Any]) -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        if number % 2:
            raise asyncio.CancelledError
        return number

    outcomes = await run(Batch(work, range(20), 3, ordered=True, **rules))
    assert [isinstance(outcome.error, ItemCancelled) for outcome in outcomes] == [False, True] * 10


async def test_fail_fast_raises_the_first_failure_and_stops() -> None:
    started = 0

    async def work(number: int) -> int:
        nonlocal started
        started += 1
        await asyncio.sleep(0)
        if number == 5:
            raise KeyError("five")
        return number

    with pytest.raises(KeyError, match="five"):
        await run(Batch(work, itertools.count(), 3, fail_fast=True))
    assert started < 100


async def test_timeout_and_retry_work_on_each_item() -> None:
    tries: dict[int, int] = {}

    async def work(number: int) -> int:
        tries[number] = tries.get(number, 0) + 1
        if number == 1:
            await asyncio.sleep(60)
        if number == 2 and tries[2] < 3:
            raise OSError
        return number

    outcomes = await run(
        Batch(work, range(3), timeout=0.02, retry=Retry(3, base_s=0), ordered=True)
    )
    assert [outcome.attempts for outcome in outcomes] == [1, 3, 3]
    assert isinstance(outcomes[1].error, ItemTimeout)
    assert outcomes[2].ok


async def test_limits_are_shared_by_batches_and_given_back() -> None:
    limit, running, most = InFlight(3), 0, 0

    async def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    batches = [Batch(work, range(50), 10, limits=[limit]) for _ in range(2)]
    await asyncio.gather(*map(run, batches))
    assert most == 3
    async with Batch(forever, range(50), 10, limits=[limit]):
        await asyncio.sleep(0.001)
        assert limit.in_flight == 3
    assert (limit.in_flight, limit.waiting) == (0, 0)


# Failures of the program.


def broken_plain(after: int) -> Iterator[int]:
    yield from range(after)
    raise OSError("input gone")


async def broken_async(after: int) -> AsyncIterator[int]:
    for number in range(after):
        await asyncio.sleep(0)
        yield number
    raise OSError("input gone")


@pytest.mark.parametrize("items", [broken_plain, broken_async])
@pytest.mark.parametrize("priority", [None, lambda n: n])
async def test_an_input_that_raises_ends_the_batch_after_what_was_finished(
    items: Callable[[int], Any], priority: Any
) -> None:
    seen = []
    with pytest.raises(OSError, match="input gone"):
        async with Batch(at_once, items(50), 4, priority=priority) as batch:
            async for outcome in batch:
                seen.append(outcome.index)
    if priority is None:
        assert seen == list(range(50))


async def test_an_input_that_raises_cancels_what_runs() -> None:
    cancelled = 0

    async def work(number: int) -> None:
        nonlocal cancelled
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled += 1
            raise

    with pytest.raises(OSError, match="input gone"):
        await run(Batch(work, broken_async(3), 8))
    assert cancelled == 3


async def test_a_failure_the_reader_did_not_hear_of_is_raised_at_the_end() -> None:
    with pytest.raises(OSError, match="input gone"):
        async with Batch(at_once, broken_plain(3), 1):
            await asyncio.sleep(0.001)


async def test_a_failure_that_was_heard_and_dealt_with_is_not_raised_again() -> None:
    async with Batch(at_once, broken_plain(3), 1) as batch:
        try:
            async for _ in batch:
                pass
        except OSError:
            pass


async def test_a_failure_joins_the_error_of_the_body_as_a_note() -> None:
    with pytest.raises(KeyError) as caught:
        async with Batch(at_once, broken_plain(3), 1):
            await asyncio.sleep(0.001)
            raise KeyError("body")
    assert caught.value.__notes__ == ["The batch failed as well: OSError"]


class Stop(BaseException):
    """Not an `Exception`: it is for the program, not for an item."""


async def test_a_base_exception_of_the_work_ends_the_batch() -> None:
    async def work(number: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        await run(Batch(work, range(3)))


async def test_a_key_error_in_the_priority_ends_the_batch() -> None:
    with pytest.raises(KeyError):
        await run(Batch(double, range(3), priority=lambda n: {}[n]))


async def test_an_input_that_raises_a_group_raises_that_group() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ExceptionGroup("two at once", [OSError(), KeyError()])

    with pytest.raises(ExceptionGroup, match="two at once"):
        await run(Batch(at_once, items()))


# Leaving early.


@pytest.mark.parametrize("how", ["break", "raise", "return", "nothing"])
@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_leaving_early_ends_everything(how: str, kind: str) -> None:
    closed = cancelled = 0

    async def work(number: int) -> int:
        nonlocal cancelled
        if number < 3:
            return number
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled += 1
            await asyncio.sleep(0)  # its clean-up may wait
            raise
        return number

    def plain() -> Iterator[int]:
        nonlocal closed
        try:
            yield from itertools.count()
        finally:
            closed += 1

    async def coming() -> AsyncIterator[int]:
        nonlocal closed
        try:
            for number in itertools.count():
                yield number
        finally:
            await asyncio.sleep(0)
            closed += 1

    async def leave() -> None:
        async with Batch(work, plain() if kind == "plain" else coming(), 5) as batch:
            await asyncio.sleep(0.001)
            async for outcome in batch:
                if how == "break":
                    break
                if how == "raise":
                    raise KeyError
                if how == "return":
                    return
                if outcome.index == 2:
                    break

    try:
        await leave()
    except KeyError:
        assert how == "raise"
    assert (closed, cancelled) == (1, 5)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("moment", range(12))
@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_cancelling_the_reader_ends_everything_wherever_it_waits(
    moment: int, kind: str
) -> None:
    limit = InFlight(4)

    async def reader() -> None:
        items = itertools.count() if kind == "plain" else agen(itertools.count())
        async with Batch(double, items, 8, limits=[limit], on_event=aevent) as batch:
            async for _ in batch:
                await asyncio.sleep(0)

    async def aevent(event: ProgressEvent) -> None:
        await asyncio.sleep(0)

    task = asyncio.create_task(reader())
    for _ in range(moment):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(asyncio.all_tasks()) == 1
    assert limit.in_flight == 0


async def test_a_second_cancellation_does_not_leave_the_workers_behind() -> None:
    ended = 0

    async def work(number: int) -> None:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            ended += 1

    async def reader() -> None:
        async with Batch(work, range(4), 4) as batch:
            async for _ in batch:
                pass

    task = asyncio.create_task(reader())
    await asyncio.sleep(0.001)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended == 4
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("rules", [{}, {"on_event": lambda event: None}, {"retry": Retry()}])
async def test_work_that_swallows_its_cancellation_ends_all_the_same(rules: Any) -> None:
    async def stubborn(number: int) -> int:
        try:
            await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            return -1
        return number

    async with asyncio.timeout(10), Batch(stubborn, itertools.count(), 4, **rules) as batch:
        async for outcome in batch:
            if outcome.index > 20:
                break


async def test_a_reader_may_stop_and_go_on() -> None:
    async with Batch(double, range(100), 8) as batch:
        seen = []
        async for outcome in batch:
            seen.append(outcome.index)
            if len(seen) == 10:
                break
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(1)
        seen += [outcome.index async for outcome in batch]
    assert sorted(seen) == list(range(100))


async def test_readers_may_share_a_batch() -> None:
    shares: list[list[int]] = [[], [], []]

    async def read(batch: Batch[int, int], share: list[int]) -> None:
        async for outcome in batch:
            share.append(outcome.index)
            await asyncio.sleep(0)

    async with Batch(double, range(200), 8) as batch:
        await asyncio.gather(*(read(batch, share) for share in shares))
    assert sorted(index for share in shares for index in share) == list(range(200))


async def test_a_reader_in_another_task_hears_that_the_batch_was_left() -> None:
    async def read(batch: Batch[Any, Any]) -> None:
        async for _ in batch:
            pass

    async with Batch(forever, range(3)) as batch:
        reader = asyncio.create_task(read(batch))
        await asyncio.sleep(0.001)
    with pytest.raises(RuntimeError, match="left before its end"):
        await reader


# Events.


async def events_of(batch_rules: dict[str, Any], items: Any, work: Any) -> list[ProgressEvent]:
    heard: list[ProgressEvent] = []
    await run(Batch(work, items, 3, on_event=heard.append, **batch_rules))
    return heard


@pytest.mark.parametrize("rules", [{}, {"ordered": True}, {"retry": Retry(2, base_s=0)}])
@pytest.mark.parametrize("sized", [True, False])
async def test_events_are_exact(rules: dict[str, Any], sized: bool) -> None:
    async def work(name: str) -> None:
        await asyncio.sleep(0)
        if name == "b.pdf":
            raise ValueError("cannot be read")

    names = [f"{letter}.pdf" for letter in "abcdef"]
    heard = await events_of(rules, names if sized else iter(names), work)
    kinds = [event.event_type for event in heard]
    assert kinds[0] is ProgressEventType.BATCH_STARTED
    assert kinds[-1] is ProgressEventType.BATCH_COMPLETED
    assert kinds.count(ProgressEventType.FILE_STARTED) == 6
    assert kinds.count(ProgressEventType.FILE_COMPLETED) == 5
    [failed] = [event for event in heard if event.event_type is ProgressEventType.FILE_FAILED]
    assert (failed.file_name, failed.error) == ("b.pdf", "cannot be read")
    assert len(heard) == 14
    finished = [event for event in heard if "file_" in event.event_type.value]
    ends = [e for e in finished if e.event_type is not ProgressEventType.FILE_STARTED]
    assert [event.current_file for event in ends] == [1, 2, 3, 4, 5, 6]
    assert (heard[0].current_file, heard[-1].current_file) == (0, 6)
    assert {event.total_files for event in heard} == {6 if sized else None}
    for name in names:
        order = [event.event_type for event in heard if event.file_name == name]
        assert order[0] is ProgressEventType.FILE_STARTED
        assert len(order) == 2


async def test_a_batch_that_is_left_or_fails_is_not_completed() -> None:
    heard: list[ProgressEvent] = []
    async with Batch(double, itertools.count(), on_event=heard.append) as batch:
        async for _ in batch:
            break
    with pytest.raises(OSError, match="gone"):
        await run(Batch(double, broken_plain(3), on_event=heard.append))
    assert ProgressEventType.BATCH_COMPLETED not in [event.event_type for event in heard]


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
async def test_a_callback_that_raises_harms_nothing(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def plain(event: ProgressEvent) -> None:
        raise ValueError

    async def coroutine(event: ProgressEvent) -> None:
        await asyncio.sleep(0)
        raise ValueError

    callback = plain if kind == "plain" else coroutine
    assert len(await run(Batch(double, range(20), on_event=callback))) == 20
    assert len(caplog.records) == 1


async def test_a_coroutine_callback_hears_before_the_reader_does() -> None:
    told: set[str | None] = set()

    async def callback(event: ProgressEvent) -> None:
        await asyncio.sleep(0)
        if event.event_type is ProgressEventType.FILE_COMPLETED:
            told.add(event.file_name)

    async with Batch(double, range(20), label=str, on_event=callback) as batch:
        async for outcome in batch:
            assert str(outcome.item) in told


async def test_an_outcome_whose_callback_is_cancelled_is_not_lost() -> None:
    """The input fails while a coroutine callback is told of a finished item."""
    telling = asyncio.Event()

    async def callback(event: ProgressEvent) -> None:
        if event.event_type is ProgressEventType.FILE_COMPLETED:
            telling.set()
            await asyncio.Event().wait()

    async def items() -> AsyncIterator[int]:
        yield 1
        await telling.wait()
        raise OSError("input gone")

    seen = []
    with pytest.raises(OSError, match="input gone"):
        async with Batch(double, items(), 2, on_event=callback) as batch:
            async for outcome in batch:
                seen.append(outcome.value)
    assert seen == [2]


async def test_items_are_named_by_their_label_or_else_without_telling_what_they_say() -> None:
    heard = await events_of({}, ["a.pdf", "Jane is ill since May"], no_work)
    assert {event.file_name for event in heard} == {None, "a.pdf", "str"}
    heard = await events_of({"label": str.upper}, ["a.pdf"], no_work)
    assert {event.file_name for event in heard} == {None, "A.PDF"}


async def no_work(_: object) -> None:
    pass


async def test_a_label_that_fails_is_not_worth_a_batch() -> None:
    def label(number: int) -> str:
        return {1: "one"}[number]

    heard = await events_of({"label": label}, [1, 2], double)
    assert {event.file_name for event in heard} == {None, "one", "int"}


# Priority.


async def test_the_lowest_priority_goes_first() -> None:
    order = []

    async def work(number: int) -> None:
        order.append(number)

    await run(Batch(work, [5, 3, 9, 1], 1, priority=lambda n: n))
    assert order == [1, 3, 5, 9]


async def test_priority_says_who_is_worked_on_and_ordered_who_is_handed_on() -> None:
    started = []

    async def work(number: int) -> int:
        started.append(number)
        await asyncio.sleep(0)
        return number

    outcomes = await run(Batch(work, range(300), 2, priority=lambda n: -n, ordered=True))
    assert started == list(range(299, -1, -1))
    assert [outcome.index for outcome in outcomes] == list(range(300))


# Use.


async def test_batches_nest() -> None:
    async def inner(number: int) -> int:
        return sum(
            outcome.unwrap() for outcome in await run(Batch(double, range(number), 3, ordered=True))
        )

    outcomes = await run(Batch(inner, range(12), 4, ordered=True))
    assert [outcome.value for outcome in outcomes] == [n * (n - 1) for n in range(12)]


async def test_one_batch_feeds_another() -> None:
    async with Batch(double, range(100), 4) as first:
        values = (outcome.unwrap() async for outcome in first)
        outcomes = await run(Batch(double, values, 4))
    assert sorted(outcome.value for outcome in outcomes) == [4 * n for n in range(100)]


async def test_results_may_feed_the_input() -> None:
    """Links found on a page are pages: nothing waits for what only it can bring."""
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    queue.put_nowait(1)

    async def items() -> AsyncIterator[int]:
        while (number := await queue.get()) is not None:
            yield number

    seen = []
    async with asyncio.timeout(10), Batch(double, items(), 4, priority=lambda n: n) as batch:
        async for outcome in batch:
            seen.append(outcome.item)
            found = [2 * outcome.item, 2 * outcome.item + 1]
            for number in found:
                if number < 64:
                    queue.put_nowait(number)
            if len(seen) == 63:
                queue.put_nowait(None)
    assert sorted(seen) == list(range(1, 64))


async def test_wrong_use_is_told() -> None:
    with pytest.raises(UserError, match="at least 1"):
        Batch(double, [1], 0)
    with pytest.raises(UserError, match="key="):
        Batch(double, [1], journal=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Batch(double, 7)  # type: ignore[arg-type]
    batch = Batch(double, [1])
    with pytest.raises(RuntimeError, match="async with"):
        async for _ in batch:
            pass
    async with batch:
        with pytest.raises(RuntimeError, match="runs once"):
            await batch.__aenter__()


def test_it_can_be_built_without_a_running_loop() -> None:
    batch = Batch(double, agen(range(5)), priority=lambda n: n)
    assert len(asyncio.run(run(batch))) == 5


def test_it_runs_on_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        assert len(await run(Batch(double, range(500), 16, ordered=True))) == 500
        assert len(await run(Batch(double, agen(range(100)), 16, on_event=lambda e: None))) == 100
        outcomes = await run(Batch(lambda _: asyncio.sleep(60), range(5), timeout=0.01))
        assert all(isinstance(outcome.error, ItemTimeout) for outcome in outcomes)
        async with Batch(forever, itertools.count(), 8):
            await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    uvloop.run(main())
