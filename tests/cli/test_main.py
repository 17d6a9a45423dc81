"""The front door: what a mistake of our own looks like from outside."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import ai_catalyst.cli.main as front

@front.app.command("stumble")
def stumble() -> None:
    raise ValueError("Mrs Example has the flu")

sys.argv = ["catalyst", "stumble"]
front.main()
"""


@pytest.mark.parametrize("asked", [False, True])
def test_a_mistake_of_ours_keeps_its_words_unless_they_are_asked_for(asked: bool) -> None:
    environ = {**os.environ, "CATALYST_TRACEBACK": "1" if asked else ""}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "in stumble" in done.stderr
    assert ("Mrs Example" in done.stderr) == asked
    assert ("Traceback" in done.stderr) == asked
