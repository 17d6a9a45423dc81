"""A pytest plugin: an async test that blocks its event loop fails, with the stack that did it.

``pytest --loop-guard=50ms`` turns it on (``off`` is the default); a test that needs more says so
with ``@pytest.mark.loop_guard(0.5, reason="…")``. ``--loop-guard-calls`` also fails a test that
makes a blocking call of the catalogue on its loop, however quick it was; a marked test is left
alone. It works under pytest-asyncio and anyio. ``--loop-guard-all`` also watches the standard loops
that a plain test starts, in its own thread or another: ``asyncio.run``, FastAPI's ``TestClient``.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from traceback import FrameSummary
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ai_catalyst.engine.guard import LoopGuard

__all__ = ["parse_duration"]

_OPTION = "--loop-guard"
_CALLS = "--loop-guard-calls"
_ALL = "--loop-guard-all"
_UNITS = {"ms": 0.001, "s": 1.0}


def parse_duration(text: str) -> float | None:
    """Return the seconds that ``50ms``, ``0.05s`` or ``0.05`` mean, None for ``off``."""
    if text == "off":
        return None
    unit = next((unit for unit in _UNITS if text.endswith(unit)), "")
    try:
        seconds = float(text.removesuffix(unit)) * _UNITS.get(unit, 1.0)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise pytest.UsageError(f"{_OPTION}={text}: give a time such as 50ms or 0.05s, or off")
    return seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("asyncio")
    group.addoption(
        _CALLS,
        action="store_true",
        help="fail an async test that makes a known blocking call on its event loop",
    )
    group.addoption(
        _ALL,
        action="store_true",
        help="with --loop-guard: also watch the loops that plain tests start (TestClient)",
    )
    group.addoption(
        _OPTION,
        default="off",
        metavar="TIME",
        help="fail an async test whose event loop stands longer than this in one callback (50ms)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the option and make the marker known."""
    parse_duration(config.getoption(_OPTION))
    config.addinivalue_line(
        "markers",
        "loop_guard(seconds, reason): let this test's event loop stand that long, and say why",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep the test tool's own objects out of the test's garbage collections.

    A big suite has so many of them that a full collection alone would stand for a stall. Before the
    fixtures are made: what they make must be collected as ever.
    """
    if parse_duration(item.config.getoption(_OPTION)) is not None:
        gc.collect()
        gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Put the guard around the test's coroutine, whoever runs it."""
    allowed = parse_duration(item.config.getoption(_OPTION))
    catches = item.config.getoption(_CALLS) and not item.get_closest_marker("loop_guard")
    if not (allowed or catches) or not isinstance(item, pytest.Function):
        return (yield)
    place, name = _coroutine_of(item)
    test = getattr(place, name)
    if not inspect.iscoroutinefunction(test):
        if allowed is None or not item.config.getoption(_ALL):
            return (yield)
        with _started_loops(_allowance(item, allowed)):
            return (yield)
    with pytest.MonkeyPatch.context() as patch:
        if catches:
            test = _catching(test)
        if allowed is not None:
            test = _guarded(test, _allowance(item, allowed))
        patch.setattr(place, name, test)
        return (yield)


def _coroutine_of(item: pytest.Function) -> tuple[object, str]:
    hypothesis = getattr(item.obj, "hypothesis", None)
    return (item, "obj") if hypothesis is None else (hypothesis, "inner_test")


def _allowance(item: pytest.Item, default: float) -> float:
    marker = item.get_closest_marker("loop_guard")
    if marker is None:
        return default
    if len(marker.args) != 1 or not marker.kwargs.get("reason"):
        pytest.fail(f"{item.nodeid}: write @pytest.mark.loop_guard(seconds, reason='why')", False)
    return float(marker.args[0])


def _guarded(test: Callable[..., Awaitable[Any]], allowed: float) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(test)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        from ai_catalyst.engine.guard import LoopGuard

        with LoopGuard(allowed, explain=_advice, log_every_s=None) as guard:
            result = await test(*args, **kwargs)
        _fail_if_one_stood([guard])
        return result

    return guarded


@contextmanager
def _started_loops(allowed: float) -> Iterator[None]:
    """Watch every standard loop that is started meanwhile, in whatever thread."""
    from ai_catalyst.engine.guard import LoopGuard

    run_forever = asyncio.BaseEventLoop.run_forever
    guards: list[LoopGuard] = []

    def watched(loop: asyncio.BaseEventLoop) -> None:
        with LoopGuard(allowed, explain=_advice, log_every_s=None) as guard:
            guards.append(guard)
            run_forever(loop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.BaseEventLoop, "run_forever", watched)
        yield
    _fail_if_one_stood(guards)


def _fail_if_one_stood(guards: Sequence[LoopGuard]) -> None:
    stalls = [stall for guard in guards for stall in guard.stalls]
    if stalls:
        seconds, stack = max(stalls)
        stood = f"the event loop stood for {seconds * 1000:.0f} ms"
        count = sum(guard.count for guard in guards)
        allowance = f"({guards[0].threshold_s * 1000:.0f} ms are allowed; stalls: {count})"
        pytest.fail(f"{stood} {allowance}\n{_of_the_test(stack)}", pytrace=False)


def _catching(test: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(test)
    async def catching(*args: Any, **kwargs: Any) -> Any:
        from ai_catalyst.check.intercept import Interception

        told: list[object] = []
        with Interception(on_call=told.append):
            result = await test(*args, **kwargs)
        if told:
            pytest.fail("\n".join(map(str, told)), pytrace=False)
        return result

    return catching


def _of_the_test(stack: str) -> str:
    """Return the stack without what stands above the test: the loop's starter, and this plugin."""
    lines = stack.splitlines()
    ours = [number for number, line in enumerate(lines) if f'"{__file__}"' in line]
    return "\n".join(lines[ours[-1] + 2 :] if ours else lines)


def _advice(frames: list[FrameSummary]) -> str | None:
    if any(frame.filename.startswith("<frozen importlib") for frame in frames):
        return "an import on the loop: import it before the loop starts, or in a thread"
    from ai_catalyst.check.stack_advice import explain

    return explain(frames)
