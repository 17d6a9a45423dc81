"""A loop's pulse: when it beats, when it does not, and that the loop is as before afterwards."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable

import pytest
import uvloop

from ai_catalyst.engine.pulse import Pulse

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the timer is Linux's")

LATE, SLACK = 0.02, 0.005


def pulse_of_this_loop() -> Pulse:
    pulse = Pulse(asyncio.get_running_loop(), LATE, SLACK)
    pulse.start()
    return pulse


def end(pulse: Pulse) -> None:
    pulse.stop()
    pulse.close()


def selector_of(loop: asyncio.AbstractEventLoop) -> object:
    return loop._selector  # type: ignore[attr-defined]


async def test_an_idle_loop_is_woken_by_nobody() -> None:
    pulse = pulse_of_this_loop()
    await asyncio.sleep(0.01)
    before = pulse.count
    await asyncio.sleep(0.3)
    assert pulse.rests
    assert pulse.count - before <= 1  # the one at its end
    end(pulse)


async def test_a_busy_loop_beats_once_a_slack() -> None:
    pulse = pulse_of_this_loop()
    start = time.monotonic()
    while time.monotonic() - start < 0.2:
        await asyncio.sleep(0)
    most = (time.monotonic() - start) / SLACK + 2
    assert 2 <= pulse.count <= most
    end(pulse)


def test_a_loop_written_in_c_is_made_to_beat() -> None:
    async def main() -> int:
        pulse = pulse_of_this_loop()
        await asyncio.sleep(0.2)
        end(pulse)
        assert not pulse.rests
        return pulse.count

    assert uvloop.run(main()) >= 2


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.loop_guard(60, reason="the loop has to stand")
def test_a_late_beat_wakes_who_waits(run: Callable[..., object]) -> None:
    async def main() -> None:
        pulse = pulse_of_this_loop()
        woken = threading.Event()
        thread = threading.Thread(target=lambda: (pulse.wait(), woken.set()))
        thread.start()
        assert woken.wait(10)  # the loop stands here
        thread.join()
        end(pulse)

    run(main())


async def test_the_last_beat_tells_of_the_loop_s_thread() -> None:
    pulse = pulse_of_this_loop()
    before = time.monotonic()
    await asyncio.sleep(2 * SLACK)
    beat = pulse.beat()
    assert before <= beat.at <= time.monotonic()
    assert 0 < beat.cpu <= time.thread_time()
    assert 0 < beat.process_cpu <= time.process_time()
    assert 0 < beat.turns <= pulse.now().turns
    end(pulse)


async def test_the_selector_is_as_before_afterwards() -> None:
    selector = selector_of(asyncio.get_running_loop())
    before = dict(vars(selector))
    first, second = pulse_of_this_loop(), pulse_of_this_loop()
    hooked = vars(selector)["select"]
    end(first)
    assert vars(selector)["select"] is hooked
    end(second)
    assert vars(selector) == before


async def test_pulses_of_one_loop_share_its_rounds() -> None:
    first, second = pulse_of_this_loop(), pulse_of_this_loop()
    counts = first.count, second.count
    await asyncio.sleep(2 * SLACK)
    assert first.count > counts[0]
    assert second.count > counts[1]
    end(first)
    end(second)


async def test_what_somebody_put_around_the_selector_meanwhile_stays() -> None:
    selector = selector_of(asyncio.get_running_loop())
    pulse = pulse_of_this_loop()
    ours = vars(selector)["select"]

    def theirs(timeout: float | None = None) -> object:
        return ours(timeout)

    selector.select = theirs  # type: ignore[attr-defined]
    try:
        end(pulse)
        assert vars(selector)["select"] is theirs
        await asyncio.sleep(0.01)
    finally:
        del selector.select  # type: ignore[attr-defined]


async def test_what_somebody_had_put_there_before_comes_back() -> None:
    selector = selector_of(asyncio.get_running_loop())
    calls = []
    select = selector.select  # type: ignore[attr-defined]

    def theirs(timeout: float | None = None) -> object:
        calls.append(timeout)
        return select(timeout)

    selector.select = theirs  # type: ignore[attr-defined]
    try:
        pulse = pulse_of_this_loop()
        await asyncio.sleep(0.01)
        assert calls
        end(pulse)
        assert vars(selector)["select"] is theirs
    finally:
        del selector.select  # type: ignore[attr-defined]


def test_a_loop_whose_clock_runs_ahead_is_left_in_peace() -> None:
    """A loop in a test that skips all waiting would do nothing but beat."""

    class Ahead(uvloop.Loop):
        def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> None:  # type: ignore[override]
            self.call_soon(callback, *args)

    async def main() -> Pulse:
        pulse = pulse_of_this_loop()
        for _ in range(100):
            await asyncio.sleep(0)
        end(pulse)
        return pulse

    loop = Ahead()
    pulse = loop.run_until_complete(main())
    loop.close()
    assert not pulse.waits
    assert pulse.count < 50
