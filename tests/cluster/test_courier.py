"""The thread that carries errands: it shares round trips, waits for the keeper, and never dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.cluster.courier import Away, Courier, Errand, Reply, ServerClock
from ai_catalyst.errors import CatalystError, StoreError


class Keeper:
    """Echoes; does what it is told before."""

    where = "the keeper at here:0"
    remedy = "start it"

    def __init__(self, before: Callable[[Sequence[Errand]], None] = lambda errands: None) -> None:
        self.before = before
        self.trips: list[int] = []
        self.closed = False

    def carry(self, errands: Sequence[Errand]) -> list[Sequence[int] | CatalystError]:
        self.trips.append(len(errands))
        self.before(errands)
        return [[int(argument) for argument in errand.arguments] for errand in errands]

    def close(self) -> None:
        self.closed = True


class Box:
    """Takes replies, and waits for so many."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.bell = threading.Semaphore(0)

    def __call__(self, reply: Reply) -> None:
        self.replies.append(reply)
        self.bell.release()

    def wait(self, many: int) -> list[Reply]:
        for _ in range(many):
            assert self.bell.acquire(timeout=10)
        return self.replies


def errand(box: Any, number: int, until: float = float("inf")) -> Errand:
    return Errand("rate", "k", (number,), box, until)


def test_what_gathers_during_a_trip_goes_with_the_next() -> None:
    gate, box = threading.Event(), Box()
    keeper = Keeper(lambda errands: gate.wait(10) and None)
    courier = Courier(keeper)
    courier.post(errand(box, 0))
    while not keeper.trips:
        time.sleep(0.001)
    for number in range(1, 100):
        courier.post(errand(box, number))
    gate.set()
    assert [reply.numbers[0] for reply in box.wait(100)] == list(range(100))
    assert keeper.trips == [1, 99]
    courier.close()
    assert keeper.closed
    assert not courier.started


def test_a_keeper_that_is_away_is_asked_again_until_it_is_too_late() -> None:
    away, box = True, Box()

    def before(errands: Sequence[Errand]) -> None:
        if away:
            raise Away("nobody")

    courier = Courier(Keeper(before))
    courier.post(errand(box, 1, time.monotonic() + 0.05), errand(box, 2))
    (late,) = box.wait(1)
    assert isinstance(late.error, StoreError)
    assert "here:0" in str(late.error)
    assert "start it" in str(late.error)
    with pytest.raises(StoreError):
        late.unwrap()
    away = False
    assert box.wait(1)[-1].numbers == [2]
    courier.close()


@pytest.mark.parametrize("where", ["keeper", "reply"])
def test_a_mistake_does_not_end_the_thread(where: str, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ValueError("secret text")

    box, once = Box(), [broken]
    courier = Courier(Keeper(lambda errands: once.pop()(errands) if once else None))
    if where == "keeper":
        courier.post(errand(box, 1))
        assert "ValueError" in str(box.wait(1)[0].error)
        assert "secret" not in str(box.replies[0].error)
    else:
        once.clear()
        courier.post(errand(broken, 1))
    courier.post(errand(box, 2))
    assert box.wait(1)[-1].numbers == [2]
    courier.close()


def test_after_the_end_errands_fail_at_once() -> None:
    box, courier = Box(), Courier(Keeper())
    courier.post(errand(box, 1))
    courier.close()
    courier.post(errand(box, 2))
    assert box.wait(2)[0].numbers == [1]
    assert "closed" in str(box.replies[1].error)


def test_regular_calls_are_made_until_the_end() -> None:
    bell, courier = threading.Semaphore(0), Courier(Keeper())
    courier.every(0.01, bell.release)
    for _ in range(3):
        assert bell.acquire(timeout=10)
    courier.close()
    assert not courier.started


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0, 5)), min_size=1),
)
def test_the_servers_moments_are_never_placed_too_early_nor_later_than_the_quickest_reply(
    ahead: float, trips: list[tuple[float, float, float]]
) -> None:
    clock, now = ServerClock(), 1000.0
    for there, back, pause in trips:
        sent = now
        clock.learn(sent + there + ahead, sent, sent + there + back)
        now = sent + there + back + pause
    moment = clock.here(now + ahead)
    assert moment >= now - 1e-6
    assert moment <= now + 0.2 + 2e-4 * 6 * len(trips)
