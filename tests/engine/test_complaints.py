"""What a loop complains of, on loops that really do: what is told, and that the words are not."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import uvloop

from ai_catalyst.engine.background import background
from ai_catalyst.engine.complaints import complain, keep_words_out, wordless

SECRET = "Erika Mustermann"


async def fails() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(f"cannot read {SECRET}") from error


async def forgotten_task() -> None:
    task = asyncio.create_task(fails(), name="reads-letters")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()


async def forgotten_future() -> None:
    asyncio.get_running_loop().create_future().set_exception(ValueError(SECRET))
    gc.collect()


async def failing_callback() -> None:
    def read(text: str) -> None:
        raise ValueError(text)

    asyncio.get_running_loop().call_soon(functools.partial(read, SECRET))
    asyncio.get_running_loop().call_soon(read, SECRET)
    await asyncio.sleep(0)


async def failing_group() -> None:
    async def both() -> None:
        raise ExceptionGroup(SECRET, [ValueError(SECRET), KeyError(SECRET)])

    task = asyncio.create_task(both())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()


async def words_of_others() -> None:
    context = {"message": f"cannot parse {SECRET}", "protocol": SECRET, "exception": OSError()}
    asyncio.get_running_loop().call_exception_handler(context)


ALL = [forgotten_task, forgotten_future, failing_callback, failing_group, words_of_others]
TOLD = {
    forgotten_task: [
        "Task exception was never retrieved",
        "ValueError from KeyError",
        "in fails",
        "engine/test_complaints.py:",
        "reads-letters (fails)",
    ],
    forgotten_future: ["Future exception was never retrieved", "ValueError"],
    failing_callback: ["Exception in callback", "ValueError", "in read"],
    failing_group: ["ExceptionGroup(KeyError, ValueError)", "in both"],
    words_of_others: ["Unhandled exception in event loop; OSError; at an unknown place"],
}


@pytest.fixture
def program() -> Iterator[None]:
    """This process as a program of ours, for a while."""
    logger = logging.getLogger("asyncio")
    logger.addFilter(wordless)
    yield
    logger.removeFilter(wordless)


def check(happening: Callable[..., object], log: str) -> None:
    assert SECRET not in log
    assert "Erika" not in log
    for part in TOLD[happening]:
        assert part in log


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("happening", ALL)
def test_a_loop_with_the_handler_tells_kind_task_and_place_and_no_words(
    run: Callable[..., object], happening: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        keep_words_out(asyncio.get_running_loop())
        await happening()

    run(main())
    check(happening, caplog.text)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("happening", ALL)
@pytest.mark.usefixtures("program")
def test_a_program_of_ours_tells_no_words_on_any_loop(
    run: Callable[..., object], happening: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    run(happening())
    check(happening, caplog.text)


def test_asyncio_by_itself_does_tell_them(caplog: pytest.LogCaptureFixture) -> None:
    """What this is for: were it no longer so, this module could go."""
    asyncio.run(forgotten_task())
    assert SECRET in caplog.text


@pytest.mark.usefixtures("program")
def test_what_asyncio_says_of_no_error_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("asyncio").warning("Executing %s took %.3f seconds", "it", 0.2)
    assert "Executing it took 0.200 seconds" in caplog.text


def test_a_handler_that_somebody_has_set_is_left_alone() -> None:
    loop = asyncio.new_event_loop()
    told: list[object] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    keep_words_out(loop)
    loop.call_exception_handler({"message": "hello"})
    loop.close()
    assert told == [{"message": "hello"}]


def test_the_loops_behind_sync_twins_tell_no_words() -> None:
    assert background().loop.get_exception_handler() is complain


def test_a_loop_of_the_command_line_tells_no_words() -> None:
    """In a process of its own: a command whose task was forgotten."""
    program = f"""
import asyncio, gc, sys
from ai_catalyst.cli import main as door

async def fails():
    raise ValueError({SECRET!r})

async def run():
    asyncio.create_task(fails(), name="forgotten")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()

door.app = lambda standalone_mode: asyncio.run(run())
door.main()
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Task exception was never retrieved; ValueError; at <string>" in done.stderr
    assert "Erika" not in done.stderr
