"""A guard's log becomes entries that the checker then finds by."""

from __future__ import annotations

import asyncio
import logging
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ai_catalyst.check.catalogue import load_catalogue
from ai_catalyst.check.guard_log import as_catalogue, read_log
from ai_catalyst.check.project import check_paths
from ai_catalyst.cli.main import app
from ai_catalyst.errors import UserError
from ai_catalyst.guard import LoopGuard

REPORT = """\
2026-01-02 03:04:05 WARNING ai_catalyst.guard: the event loop stood for {ms} ms
  File "/srv/app/views.py", line 7, in show
    return {call}
  File "/usr/lib/python3.11/site-packages/{file}", line 3, in {name}
    inner()
"""


def report(call: str, file: str, name: str, ms: int = 80) -> str:
    return REPORT.format(call=call, file=file, name=name, ms=ms)


def test_a_real_stall_in_a_library_becomes_an_entry_that_finds_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def stand() -> None:
        with LoopGuard(threshold_s=0.05):
            await asyncio.sleep(0.1)
            textwrap.fill("some words to fill " * 100_000)
            await asyncio.sleep(0.1)

    with caplog.at_level(logging.WARNING, "ai_catalyst.guard"):
        asyncio.run(stand())
    own = tmp_path / "own.toml"
    lines = as_catalogue(list(read_log(caplog.text)), load_catalogue())
    own.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(
        "import textwrap\nasync def show(text):\n    return textwrap.fill(text)\n"
    )
    assert not check_paths([Path("app.py")]).findings
    (finding,) = check_paths([Path("app.py")], catalogues=(own,)).findings
    assert finding.sink == "textwrap.fill"
    assert finding.cost_ms >= 50


def test_a_name_is_taken_as_the_code_writes_it() -> None:
    (stood,) = read_log(report("acme.get(url)", "acme/api.py", "get"))
    assert stood.name == "acme.get"
    (stood,) = read_log(report("client.get(url)", "acme/api.py", "Client.get"))
    assert stood.name == "acme.api.Client.get"


def test_the_longest_of_several_stalls_is_the_cost() -> None:
    log = report("acme.get(url)", "acme/api.py", "get", 60) + report(
        "acme.get(url)", "acme/api.py", "get", 240
    )
    assert "cost_ms = 240" in list(as_catalogue(list(read_log(log)), load_catalogue()))


def test_known_calls_and_code_of_ones_own_are_only_told_of() -> None:
    log = report("requests.get(url)", "requests/api.py", "get") + (
        "WARNING the event loop still stands after 900 ms\n"
        '  File "/srv/app/views.py", line 7, in show\n    return sum(range(n))\n'
    )
    lines = list(as_catalogue(list(read_log(log)), load_catalogue()))
    assert any(line.startswith("# known already: requests.get") for line in lines)
    assert any("900 ms in code of your own: /srv/app/views.py:7 show" in line for line in lines)
    assert "[[blocks]]" not in lines


def test_a_log_of_other_things_gives_nothing() -> None:
    assert not list(read_log('INFO started\n  File "x.py", line 1, in f\n'))


def test_the_command_prints_the_entries(tmp_path: Path) -> None:
    log = tmp_path / "guard.log"
    log.write_text(report("acme.get(url)", "acme/api.py", "get"))
    result = CliRunner().invoke(app, ["check", "--from-log", str(log)])
    assert result.exit_code == 0
    assert 'names = ["acme.get"]' in result.stdout
    missing = CliRunner().invoke(app, ["check", "--from-log", str(tmp_path / "none.log")])
    assert isinstance(missing.exception, UserError)
    assert "none.log" in str(missing.exception)
    assert isinstance(CliRunner().invoke(app, ["check"]).exception, UserError)
