"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import pytest

from ai_catalyst.check.pytest_plugin import parse_duration

pytest_plugins = ["pytester"]

SUITE = """
import asyncio, time
import pytest
from hypothesis import given, settings, strategies

async def test_blocks():
    time.sleep(0.2)

async def test_waits():
    await asyncio.sleep(0.2)

def test_is_not_async():
    time.sleep(0.2)

@pytest.mark.loop_guard(5, reason="a lesson")
async def test_says_why():
    time.sleep(0.2)

@pytest.mark.loop_guard(5)
async def test_says_nothing():
    pass

async def test_fails_by_itself():
    time.sleep(0.2)
    assert 1 == 2

class TestMethods:
    async def test_method_blocks(self, tmp_path):
        time.sleep(0.2)

    @staticmethod
    async def test_static_method_blocks():
        time.sleep(0.2)

@given(strategies.just(1))
@settings(max_examples=1, deadline=None)
async def test_property_blocks(number):
    time.sleep(0.2)

@pytest.mark.parametrize("seconds", [0.0, 0.2])
async def test_parameter(seconds):
    time.sleep(seconds)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_suite=SUITE)
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    return pytester


def test_an_async_test_that_blocks_fails_with_the_stack(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("--loop-guard=50ms", "-p", "no:randomly", "-rA")
    result.assert_outcomes(passed=4, failed=7)
    lines = result.stdout
    lines.fnmatch_lines_random(
        [
            "PASSED *test_waits",
            "PASSED *test_is_not_async",
            "PASSED *test_says_why",
            "PASSED *test_parameter[[]0.0]",
            "FAILED *test_blocks - Failed: the ev*",
            "FAILED *test_method_blocks - Failed: the ev*",
            "FAILED *test_static_method_blocks - Failed: *",
            "FAILED *test_property_blocks - Failed: the ev*",
            "FAILED *test_parameter[[]0.2] - Failed: the ev*",
            "FAILED *test_fails_by_itself - assert 1 == 2",
            "*write @pytest.mark.loop_guard(seconds, reason='why')",
        ]
    )
    lines.fnmatch_lines(["the event loop stood for 2?? ms (50 ms are allowed*", "*time.sleep(0.2)"])
    lines.no_fnmatch_line("*pytest_plugin.py*")


def test_it_does_nothing_unless_asked(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=10, failed=1)


@pytest.mark.parametrize(
    ("text", "seconds"), [("50ms", 0.05), ("0.05", 0.05), ("2s", 2.0), ("off", None)]
)
def test_times_are_read(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5ms", "0", "5m"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="such as 50ms"):
        parse_duration(text)


def test_a_known_call_fails_the_test_that_makes_it_however_quick(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_suite="""
        import asyncio, time
        import pytest
        from time import sleep

        async def test_naps():
            time.sleep(0.001)

        async def test_naps_by_name():
            sleep(0.001)

        async def test_offloads():
            await asyncio.to_thread(time.sleep, 0.001)

        @pytest.mark.loop_guard(1, reason="a lesson")
        async def test_may():
            time.sleep(0.001)

        def test_is_not_async():
            time.sleep(0.001)
        """
    )
    result = suite.runpytest_subprocess("--loop-guard-calls", "-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*time.sleep blocks the event loop: use await asyncio.sleep*"])


PLAIN = """
import asyncio, time
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()

@app.get("/slow")
async def slow():
    time.sleep(0.2)
    return "done"

@app.get("/quick")
async def quick():
    await asyncio.sleep(0.2)
    return "done"

def test_a_route_stands():
    assert TestClient(app).get("/slow").json() == "done"

def test_a_route_waits():
    assert TestClient(app).get("/quick").json() == "done"

@pytest.mark.loop_guard(5, reason="a lesson")
def test_a_route_may_stand():
    assert TestClient(app).get("/slow").json() == "done"

def test_a_loop_of_its_own_stands():
    async def work():
        time.sleep(0.2)
    asyncio.run(work())

def test_no_loop():
    time.sleep(0.2)

def test_fails_by_itself():
    TestClient(app).get("/slow")
    assert 1 == 2
"""


@pytest.mark.parametrize("everywhere", [True, False])
def test_the_loops_of_plain_tests_are_watched_when_asked(
    pytester: pytest.Pytester, everywhere: bool
) -> None:
    pytester.makepyfile(test_plain=PLAIN)
    options = ("--loop-guard=50ms", "-p", "no:randomly", "-rA", "-W", "ignore::DeprecationWarning")
    result = pytester.runpytest_subprocess(*options, *(["--loop-guard-all"] if everywhere else []))
    if not everywhere:
        result.assert_outcomes(passed=5, failed=1)
        return
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines_random(
        [
            "PASSED *test_a_route_waits",
            "PASSED *test_a_route_may_stand",
            "PASSED *test_no_loop",
            "FAILED *test_a_route_stands - Failed: the ev*",
            "FAILED *test_a_loop_of_its_own_stands - Failed: the ev*",
            "FAILED *test_fails_by_itself - assert 1 == 2",
            "*time.sleep(0.2)*",
        ]
    )
