"""Messages between a pool and its workers."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.engine.wire import Channel, Full, Kind, Unreadable


class Ends:
    """Both ends of a channel, one of them written to by a thread."""

    def __init__(self) -> None:
        one, two = socket.socketpair()
        self.writer, self.reader = Channel(one), Channel(two)
        self._thread: threading.Thread | None = None

    def write(self, *values: Any) -> None:
        def work() -> None:
            for value in values:
                self.writer.put(Kind.RESULT, value)
            self.writer.flush()

        self._thread = threading.Thread(target=work)
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self.writer.socket.close()
        self.reader.socket.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.close()


class Unreadably:
    """Can be pickled, and not unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


values = st.recursive(
    st.none()
    | st.integers()
    | st.binary(max_size=200)
    | st.text(max_size=50)
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)
sizes = st.sampled_from([0, 1, 1000, 65_520, 65_536, 65_550, 131_072, 700_000])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(values | sizes.map(bytes) | st.tuples(sizes.map(bytes), sizes.map(bytes)), max_size=8)
)
def test_what_is_put_is_received_whatever_its_size(sent: list[Any]) -> None:
    ends = Ends()
    try:
        ends.write(*sent)
        assert [ends.reader.receive().value for _ in sent] == sent
        assert not ends.reader.buffered
    finally:
        ends.close()


def test_a_message_says_how_long_the_task_took_and_whether_it_is_the_last(ends: Ends) -> None:
    ends.writer.put(Kind.ERROR, "x", 1.25, last=True)
    ends.writer.put(Kind.LOADED, None)
    ends.writer.flush()
    assert ends.reader.receive() == (Kind.ERROR, "x", 1.25, True)
    assert ends.reader.receive() == (Kind.LOADED, None, 0.0, False)


@pytest.mark.parametrize("before", [[], [bytes(500_000)]], ids=["small", "partly sent"])
def test_of_what_cannot_be_pickled_the_other_side_sees_nothing(
    ends: Ends, before: list[bytes]
) -> None:
    drained: list[Any] = []
    reading = threading.Thread(target=lambda: drained.append(ends.reader.receive().value))
    reading.start()
    with pytest.raises((TypeError, pickle.PicklingError)):
        ends.writer.put(Kind.RESULT, [*before, threading.Lock()])
    ends.writer.put(Kind.RESULT, "next")
    ends.writer.flush()
    reading.join()
    assert drained == ["next"]


@pytest.mark.parametrize(
    "value",
    [Unreadably(), [Unreadably(), bytes(300_000)], [bytes(300_000), Unreadably(), bytes(300_000)]],
    ids=["small", "early", "late"],
)
def test_what_cannot_be_unpickled_harms_no_other_message(ends: Ends, value: Any) -> None:
    ends.write("before", value, "after")
    assert ends.reader.receive().value == "before"
    with pytest.raises(Unreadable) as caught:
        ends.reader.receive()
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.head.kind == Kind.RESULT
    assert ends.reader.receive().value == "after"


def test_a_message_that_does_not_fit_is_as_if_never_put(ends: Ends) -> None:
    number = 0
    with pytest.raises(Full):
        while number < 1000:
            ends.writer.put(Kind.ITEM, bytes(1000), fit=True)
            number += 1
    assert 50 < number < 70
    ends.writer.flush()
    ends.writer.put(Kind.ITEM, "then")
    ends.writer.flush()
    assert [len(ends.reader.receive().value) for _ in range(number)] == [1000] * number
    assert ends.reader.receive().value == "then"


@pytest.mark.parametrize("cut", [0, 5, 20, 100_000])
def test_a_closed_end_is_the_end_of_the_file_wherever_it_comes(ends: Ends, cut: int) -> None:
    one, two = socket.socketpair()
    ends.write([bytes(80_000), "text" * 20_000])
    with one, two:
        collected = bytearray()
        while len(collected) < 160_000:
            collected += ends.reader.socket.recv(65_536)
        one.sendall(collected[:cut])
        one.shutdown(socket.SHUT_WR)
        with pytest.raises(EOFError):
            Channel(two).receive()


def test_a_socket_that_does_not_block_waits_by_the_function_it_is_given() -> None:
    one, two = socket.socketpair()
    with one, two:
        one.setblocking(False)
        two.setblocking(False)
        asked: list[bool] = []
        reader = Channel(two)

        def wait(writing: bool) -> None:
            asked.append(writing)
            if writing and len(asked) > 3:
                raise TimeoutError
            time.sleep(0.001)

        writer = Channel(one, wait)
        with pytest.raises(TimeoutError):
            writer.put(Kind.RESULT, bytes(10_000_000))
        assert asked == [True] * 4
        with pytest.raises(AssertionError):
            while True:
                reader.receive()


def test_a_large_value_is_never_in_memory_twice(ends: Ends) -> None:
    """Sent from where it is, received to where it stays."""
    import tracemalloc

    value = bytes(20_000_000)
    tracemalloc.start()
    try:
        ends.write(value)
        received = ends.reader.receive().value
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(received) == len(value)
    assert peak < 22_000_000
