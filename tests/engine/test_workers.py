"""The worker pool: real processes, really killed; only the guilty item pays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import hostile
import pytest

from ai_catalyst.engine import WorkerPool, shared_pool
from ai_catalyst.errors import (
    UserError,
    WorkerCrashed,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(2) as pool:
        yield pool


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def children(pid: int) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found |= {int(entry.name)} | children(int(entry.name))
    return found


async def test_a_crash_a_hang_and_a_glutton_among_a_hundred_cost_only_themselves() -> None:
    before = children(os.getpid())
    async with WorkerPool(2) as pool:
        outcomes = [o async for o in pool.map(hostile.mixed, range(100), timeout=1.0)]
        errors = {o.index: type(o.error) for o in outcomes if o.error is not None}
        assert errors == {13: WorkerCrashed, 37: WorkerTimeout, 71: WorkerOutOfMemory}
        assert [o.value for o in outcomes if o.ok] == [
            2 * n for n in range(100) if n not in {13, 37, 71}
        ]
        assert await pool.run(hostile.double, 21) == 42
        started = children(os.getpid()) - before
        assert started
    assert all(gone(pid) for pid in started)


async def test_outcomes_come_in_order_or_as_completed(pool: WorkerPool) -> None:
    ordered = [o.value async for o in pool.map(hostile.double, range(3000))]
    assert ordered == [2 * n for n in range(3000)]
    loose = [o.value async for o in pool.map(hostile.double, range(500), ordered=False)]
    assert sorted(v for v in loose if v is not None) == [2 * n for n in range(500)]


async def test_the_input_of_a_map_is_pulled_lazily(pool: WorkerPool) -> None:
    pulled = 0

    def endless() -> object:
        nonlocal pulled
        while True:
            pulled += 1
            yield pulled

    outcomes = pool.map(hostile.double, endless(), chunk=4)
    async with contextlib.aclosing(outcomes):
        async for outcome in outcomes:
            if outcome.index == 50:
                break
    assert pulled < 51 + 3 * 4 * 4


async def test_an_error_of_the_task_is_the_callers(pool: WorkerPool) -> None:
    with pytest.raises(ValueError, match="too round"):
        await pool.run(hostile.fail, "too round")


@pytest.mark.parametrize(
    ("task", "kind", "says"),
    [
        (hostile.crash, WorkerCrashed, "SIGSEGV"),
        (hostile.gobble, WorkerOutOfMemory, "memory"),
        (hostile.unpicklable_result, WorkerError, "cannot be sent back"),
        (hostile.unpicklable_error, WorkerError, "Stubborn"),
    ],
)
async def test_every_way_to_be_bad_has_its_error(
    pool: WorkerPool, task: Callable[[], object], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        await pool.run(task)
    assert type(caught.value) is kind
    assert await pool.run(hostile.double, 1) == 2


async def test_an_exit_inside_the_task_is_a_crash_with_its_status(pool: WorkerPool) -> None:
    with pytest.raises(WorkerCrashed, match="exit status 3"):
        await pool.run(hostile.die, 3)


async def test_a_spinning_task_is_killed_at_its_time(pool: WorkerPool) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        await pool.run(hostile.spin, timeout=0.2)
    assert isinstance(caught.value, WorkerTimeout)
    assert time.monotonic() - started < 5


async def test_a_cancelled_caller_takes_its_worker_with_it(pool: WorkerPool) -> None:
    spinning = asyncio.ensure_future(pool.run(hostile.spin))
    await pool.run(hostile.pid)
    spinning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await spinning
    both = await asyncio.gather(*(pool.run(hostile.double, n) for n in range(8)))
    assert both == [2 * n for n in range(8)]


@pytest.mark.parametrize(("function", "says"), [(lambda: 1, "function of a module"), (print, None)])
async def test_a_function_that_cannot_travel_is_refused_clearly(
    pool: WorkerPool, function: Callable[[], object], says: str | None
) -> None:
    if says is None:
        assert await pool.run(function) is None
    else:
        with pytest.raises(UserError, match=says):
            await pool.run(function)


async def test_arguments_that_cannot_travel_fail_alone(pool: WorkerPool) -> None:
    items = [1, threading.Lock(), 3]
    outcomes = [o async for o in pool.map(hostile.double, items, chunk=3)]
    assert [o.value for o in outcomes] == [2, None, 6]
    assert isinstance(outcomes[1].error, UserError)


async def test_a_stream_hands_on_what_came_before_the_crash(pool: WorkerPool) -> None:
    got: list[int] = []
    with pytest.raises(WorkerCrashed):
        async for value in pool.stream(hostile.count_then_crash, 5):
            got.append(value)
    assert got == [0, 1, 2, 3, 4]
    got.clear()
    with pytest.raises(ValueError, match="no more"):
        async for value in pool.stream(hostile.count_then_fail, 3):
            got.append(value)
    assert got == [0, 1, 2]


async def test_a_stream_waits_for_a_slow_reader(pool: WorkerPool, tmp_path: Path) -> None:
    note = tmp_path / "note"
    stream = pool.stream(hostile.count_into, str(note), 1_000_000)
    async with contextlib.aclosing(stream):
        await anext(stream)
        ahead, still = -1, 0
        while still < 5:
            await asyncio.sleep(0.05)
            now = int(note.read_text() or ahead)
            still, ahead = (still + 1 if now == ahead else 0), now
    assert ahead < 100_000


async def test_a_silent_stream_is_killed(pool: WorkerPool) -> None:
    got: list[int] = []
    with pytest.raises(WorkerTimeout):
        async for value in pool.stream(hostile.count_to, 5, 0.4, silence=0.1):
            got.append(value)
    assert got == []
    slow = [v async for v in pool.stream(hostile.count_to, 3, 0.05, silence=5.0)]
    assert slow == [0, 1, 2]


async def test_large_values_travel_without_holding_the_loop(pool: WorkerPool) -> None:
    data = await pool.run(hostile.large, 32 << 20)
    assert len(data) == 32 << 20
    assert await pool.run(hostile.length, data) == 32 << 20


async def test_a_worker_is_replaced_after_its_share() -> None:
    async with WorkerPool(1, recycle_after=3) as pool:
        pids = [await pool.run(hostile.pid) for _ in range(7)]
    assert len(set(pids)) == 3


async def test_a_killed_task_leaves_no_grandchild(pool: WorkerPool, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    with pytest.raises(WorkerTimeout):
        await pool.run(hostile.bear_a_child_and_hang, str(note), timeout=1.0)
    worker, grandchild = map(int, note.read_text().split())
    assert await asyncio.to_thread(gone, worker)
    assert await asyncio.to_thread(gone, grandchild)


PARENT = """
import asyncio, sys
sys.path.insert(0, {support!r})
import hostile
from ai_catalyst.engine import shared_pool

async def main():
    pool = shared_pool()
    print(await pool.run(hostile.pid), flush=True)
    await asyncio.gather(pool.run(hostile.bear_a_child_and_hang, {note!r}), pool.run(hostile.spin))

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_die_with_their_parent_however_it_dies(number: int, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = PARENT.format(support=str(Path(hostile.__file__).parent), note=str(note))
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 20
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    family = children(process.pid)
    assert len(family) >= 4  # the server, two workers, a grandchild
    process.send_signal(number)
    process.communicate(timeout=20)
    assert all(gone(pid) for pid in family)


def test_a_script_without_a_main_guard_can_use_functions_of_modules(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from ai_catalyst import run_sync\n"
        "from ai_catalyst.engine import shared_pool\n"
        "import math\n"
        "print(run_sync(shared_pool().run(math.factorial, 5)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=30)
    assert done.stdout == "120\n", done.stderr


def test_a_function_of_the_script_itself_needs_the_guard_and_says_so(tmp_path: Path) -> None:
    head = "from ai_catalyst import run_sync\nfrom ai_catalyst.engine import shared_pool\n"
    work = "def triple(n):\n    return 3 * n\n"
    call = "print(run_sync(shared_pool().run(triple, 5)))\n"
    guarded = tmp_path / "guarded.py"
    guarded.write_text(head + work + "if __name__ == '__main__':\n    " + call)
    done = subprocess.run([sys.executable, guarded], capture_output=True, text=True, timeout=30)
    assert done.stdout == "15\n", done.stderr
    bare = tmp_path / "bare.py"
    bare.write_text(head + work + call)
    done = subprocess.run([sys.executable, bare], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert '__name__ == "__main__"' in done.stderr


def test_what_a_task_prints_does_not_mix_with_the_programs_output() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(hostile.__file__).parent)!r})\n"
        "import hostile\nfrom ai_catalyst import run_sync\n"
        "from ai_catalyst.engine import shared_pool\n"
        "run_sync(shared_pool().run(hostile.talk))\nprint('mine')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("mine\n", "noise\n")


async def test_one_pool_serves_many_loops_and_threads(pool: WorkerPool) -> None:
    results: list[int] = []

    def other_loop(start: int) -> None:
        async def work() -> None:
            results.extend([await pool.run(hostile.double, start + n) for n in range(20)])

        asyncio.run(work())

    threads = [threading.Thread(target=other_loop, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    mine = [await pool.run(hostile.double, n) for n in range(20)]
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert mine == [2 * n for n in range(20)]
    assert sorted(results) == sorted(2 * (100 * t + n) for t in range(4) for n in range(20))


async def test_a_dead_fork_server_is_started_anew(pool: WorkerPool) -> None:
    await pool.run(hostile.pid)
    server = pool._crew.server._process
    assert server is not None
    server.kill()
    server.wait()
    survivors = 0
    for number in range(4):
        with contextlib.suppress(WorkerCrashed):
            assert await pool.run(hostile.double, number) == 2 * number
            survivors += 1
    assert survivors >= 2


async def test_a_closed_pool_refuses_work_and_ends_what_runs() -> None:
    pool = WorkerPool(1)
    spinning = asyncio.ensure_future(pool.run(hostile.spin))
    await asyncio.sleep(0.2)  # a real process has to be there to be ended
    await pool.close()
    with pytest.raises(WorkerError, match="closed"):
        await spinning
    with pytest.raises(WorkerError, match="closed"):
        await pool.run(hostile.double, 1)
    await pool.close()


async def test_a_dropped_pool_warns() -> None:
    pool = WorkerPool(1)
    await pool.run(hostile.double, 1)
    with pytest.warns(ResourceWarning, match="unclosed worker pool"):
        del pool


def test_the_shared_pool_is_one_a_process_and_survives_a_fork() -> None:
    code = (
        f"import sys, os; sys.path.insert(0, {str(Path(hostile.__file__).parent)!r})\n"
        "import hostile\nfrom ai_catalyst import run_sync\n"
        "from ai_catalyst.engine import shared_pool\n"
        "assert shared_pool() is shared_pool()\n"
        "assert run_sync(shared_pool().run(hostile.double, 2)) == 4\n"
        "pid = os.fork()\n"
        "assert run_sync(shared_pool().run(hostile.double, 3)) == 6\n"
        "if pid: assert os.waitpid(pid, 0)[1] == 0\n"
        "print('fine')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "fine\nfine\n", done.stderr


@pytest.mark.parametrize("bad", [{"workers": 0}, {"recycle_after": 0}, {"memory_bytes": -1}])
def test_a_pool_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UserError):
        WorkerPool(**bad)


async def test_the_shared_pool_needs_no_closing() -> None:
    assert await shared_pool().run(hostile.double, 4) == 8
