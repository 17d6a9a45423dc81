"""The worker pool in programs of all sorts, and what is left of them when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import worker_tasks

SUPPORT = str(Path(worker_tasks.__file__).parent)
ENVIRONMENT = os.environ | {"PYTHONPATH": SUPPORT}


def alive(process: int) -> bool:
    """Whether a process is there, and not only its name."""
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def gone(*processes: int) -> bool:
    """Wait for processes to end."""
    end = time.monotonic() + 10
    while any(alive(process) for process in processes) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(alive(process) for process in processes)


def run(script: Path | list[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    command = script if isinstance(script, list) else [str(script)]
    return subprocess.run(
        [sys.executable, "-W", "error", *command],
        env=ENVIRONMENT,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


FAMILY = """
import asyncio, os, sys
from ai_catalyst.engine import WorkerPool
import worker_tasks

async def main():
    async with WorkerPool(2) as pool:
        await asyncio.gather(
            pool.run(worker_tasks.raise_a_family, sys.argv[1] + ".1", "hang"),
            pool.run(worker_tasks.raise_a_family, sys.argv[1] + ".2", "hang"),
        )

asyncio.run(main())
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A program whose two workers hang, with children; and all their process ids."""
    script = tmp_path / "program.py"
    script.write_text(FAMILY)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "family")],
        env=ENVIRONMENT,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    files = [tmp_path / "family.1", tmp_path / "family.2"]
    end = time.monotonic() + 30
    while not all(file.exists() for file in files):
        assert time.monotonic() < end
        time.sleep(0.02)
    family = [int(word) for file in files for word in file.read_text().split()]
    server = int(Path(f"/proc/{family[0]}/stat").read_text().rpartition(")")[2].split()[1])
    assert len({*family, server}) == 11
    yield process, [*family, server]
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    "kill",
    [
        lambda process: process.kill(),
        lambda process: os.killpg(process.pid, signal.SIGKILL),
        lambda process: process.terminate(),
        lambda process: process.send_signal(signal.SIGINT),
    ],
    ids=["kill -9", "kill -9 of the group", "kill", "Ctrl-C"],
)
def test_nothing_is_left_of_a_program_however_it_dies(
    program: tuple[subprocess.Popen[bytes], list[int]], kill: object
) -> None:
    process, family = program
    assert all(alive(member) for member in family)
    assert callable(kill)
    kill(process)
    process.wait(20)
    assert gone(*family)


def test_a_program_killed_while_a_forked_child_of_it_lives_on(tmp_path: Path) -> None:
    """The child has copies of all descriptors, so that no pipe is closed by the death."""
    script = tmp_path / "program.py"
    script.write_text(
        "import asyncio, os, sys, time\n"
        "from ai_catalyst.engine import WorkerPool\n"
        "import worker_tasks\n"
        "async def main():\n"
        "    pool = WorkerPool(1)\n"
        "    worker = await pool.run(worker_tasks.process_id)\n"
        "    task = asyncio.ensure_future(pool.run(worker_tasks.hang))\n"
        "    await asyncio.sleep(0.1)\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        time.sleep(600)\n"
        "    print(worker, child, flush=True)\n"
        "    await task\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout as out:
        worker, child = map(int, out.readline().split())
    process.kill()
    process.wait()
    assert gone(worker)
    assert alive(child)
    os.kill(child, signal.SIGKILL)


def test_a_script_without_a_guard_works_when_its_function_is_in_a_module(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from ai_catalyst.engine import shared_pool\n"
        "import asyncio, worker_tasks\n"
        "print('once')\n"
        "async def main():\n"
        "    print([o.value async for o in shared_pool().map(worker_tasks.square, range(5))])\n"
        "asyncio.run(main())\n"
    )
    done = run(script)
    assert (done.stdout, done.stderr) == ("once\n[0, 1, 4, 9, 16]\n", "")


GUARDED = """
import asyncio, dataclasses
from ai_catalyst.engine import shared_pool

@dataclasses.dataclass
class Point:
    x: int

def double(point):
    return Point(2 * point.x)

async def main():
    point = await shared_pool().run(double, Point(21))
    print(point, type(point) is Point)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_script_with_a_guard_may_define_its_function_itself(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(GUARDED)
    done = run(script)
    assert (done.stdout, done.stderr) == ("Point(x=42) True\n", "")


def test_so_may_a_module_that_is_run(tmp_path: Path) -> None:
    package = tmp_path / "parcel"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "factor.py").write_text("FACTOR = 2\n")
    source = GUARDED.replace("2 * point.x", "FACTOR * point.x")
    (package / "__main__.py").write_text("from .factor import FACTOR\n" + source)
    done = subprocess.run(
        [sys.executable, "-m", "parcel"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Point(x=42) True\n", "")


def test_a_script_without_a_guard_is_told_what_to_do_and_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(GUARDED.replace('if __name__ == "__main__":\n    ', "print('once')\n"))
    done = run(script)
    assert done.stdout == "once\n"
    assert "UserError: double is defined in script.py" in done.stderr
    assert 'if __name__ == "__main__":' in done.stderr


def test_a_function_of_an_interactive_session_is_refused_and_one_of_a_module_works() -> None:
    code = (
        "import asyncio, worker_tasks\n"
        "from ai_catalyst.engine import shared_pool\n"
        "def own(x): return x\n"
        "async def main():\n"
        "    print(await shared_pool().run(worker_tasks.square, 5))\n"
        "    try: await shared_pool().run(own, 5)\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
        "asyncio.run(main())\n"
    )
    for done in (run(["-c", code]), run(["-"], code)):
        assert done.stderr == ""
        answer, refusal = done.stdout.splitlines()
        assert answer == "25"
        assert refusal.startswith("UserError own is defined in an interactive session")


def test_what_a_task_prints_is_printed_and_a_program_that_forgets_to_close_ends_quietly() -> None:
    code = (
        "import asyncio, worker_tasks\n"
        "from ai_catalyst.engine import shared_pool\n"
        "async def main():\n"
        "    await shared_pool().run(worker_tasks.say, 'hello')\n"
        "    print(await shared_pool().run(worker_tasks.process_id), flush=True)\n"
        "asyncio.run(main())\n"
    )
    done = run(["-c", code])
    assert done.stderr == ""
    hello, worker = done.stdout.splitlines()
    assert hello == "hello"
    assert gone(int(worker))


def test_a_forked_child_has_a_pool_of_its_own() -> None:
    code = (
        "import asyncio, os, worker_tasks\n"
        "from ai_catalyst.engine import shared_pool, WorkerPool\n"
        "own = WorkerPool(1)\n"
        "async def main():\n"
        "    return {await p.run(worker_tasks.process_id) for p in (shared_pool(), own)}\n"
        "before = asyncio.run(main())\n"
        "child = os.fork()\n"
        "workers = asyncio.run(main())\n"
        "assert child or not workers & before\n"
        "assert not child or os.waitpid(child, 0)[1] == 0\n"
        "asyncio.run(own.close())\n"
    )
    done = run(["-c", code])
    assert (done.returncode, done.stderr) == (0, "")
