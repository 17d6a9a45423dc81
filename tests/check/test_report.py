"""What people and programs are told."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ai_catalyst.check.baseline import read_baseline, split_by_baseline, write_baseline
from ai_catalyst.check.project import check_paths
from ai_catalyst.check.report import as_github, as_json, as_sarif, as_text
from ai_catalyst.check.revision import changed_lines, touched
from ai_catalyst.cli.main import app
from ai_catalyst.errors import UserError

APP = "from helper import nap\n\n\nasync def handler():\n    nap()\n"
HELPER = "import time\n\n\ndef nap():\n    time.sleep(1)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / ".state"))
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "helper.py").write_text(HELPER)
    return tmp_path


def test_json_has_exactly_the_contracts_fields_and_more(folder: Path) -> None:
    (finding,) = as_json(check_paths([Path()]).findings)["findings"]
    assert finding["file"] == "app.py"
    assert finding["line"] == 5
    assert finding["root"] == "handler"
    assert finding["sink"] == "time.sleep"
    assert finding["kind"] == "sleep"
    assert "asyncio.sleep" in finding["replacement"]
    assert finding["chain"] == [
        {"file": "app.py", "line": 5, "name": "handler"},
        {"file": "helper.py", "line": 5, "name": "nap"},
        {"file": "helper.py", "line": 5, "name": "time.sleep"},
    ]


def test_text_shows_the_chain_with_a_place_at_each_step(folder: Path) -> None:
    text = "\n".join(as_text(check_paths([Path()]).findings))
    for part in ("helper.py:5: error: time.sleep", "async handler  app.py:5", "→ nap  helper.py:5"):
        assert part in text


def test_sarif_holds_the_chain_as_a_code_flow(folder: Path) -> None:
    log = as_sarif(check_paths([Path()]).findings, "1")
    (result,) = log["runs"][0]["results"]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    lines = [s["location"]["physicalLocation"]["region"]["startLine"] for s in steps]
    assert lines == [5, 5, 5]
    assert result["ruleId"] == "blocking-sleep"
    assert json.dumps(log)


def test_github_gets_one_annotation_a_finding(folder: Path) -> None:
    (line,) = as_github(check_paths([Path()]).findings)
    assert line.startswith("::error file=app.py,line=5,title=")
    assert "\n" not in line


def test_a_baseline_hides_what_was_known_even_when_lines_move(folder: Path) -> None:
    path = folder / "known.json"
    write_baseline(path, check_paths([Path()]).findings)
    (folder / "app.py").write_text("\n\n" + APP)
    assert split_by_baseline(check_paths([Path()]).findings, read_baseline(path)) == ([], {})


def test_a_baseline_lets_a_second_call_through_and_tells_of_one_that_is_gone(folder: Path) -> None:
    path = folder / "known.json"
    before = check_paths([Path()]).findings
    write_baseline(path, before)
    new, _ = split_by_baseline([*before, *before], read_baseline(path))
    assert new == before
    _, gone = split_by_baseline([], read_baseline(path))
    assert gone.total() == 1


def test_a_file_that_is_no_baseline_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="not a baseline"):
        read_baseline(folder / "app.py")
    with pytest.raises(UserError, match="no baseline there"):
        read_baseline(folder / "none.json")


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_diff_tells_only_of_chains_that_a_change_touches(folder: Path) -> None:
    git("init", "-q")
    git("add", "app.py", "helper.py")
    git("commit", "-qm", "start")
    assert touched(check_paths([Path()]).findings, changed_lines("HEAD", folder)) == []
    (folder / "helper.py").write_text(HELPER.replace("sleep(1)", "sleep(2)"))
    found = touched(check_paths([Path()]).findings, changed_lines("HEAD", folder))
    assert [f.root for f in found] == ["handler"]
    with pytest.raises(UserError, match="git"):
        changed_lines("no-such-revision", folder)


def test_the_command_exits_1_on_findings_and_0_when_clean(folder: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["check", "."]).exit_code == 1
    assert json.loads(runner.invoke(app, ["check", ".", "--json"]).stdout)["findings"]
    assert runner.invoke(app, ["check", ".", "--write-baseline", "b.json"]).exit_code == 0
    assert runner.invoke(app, ["check", ".", "--baseline", "b.json"]).exit_code == 0
    (folder / "helper.py").write_text("def nap():\n    pass\n")
    assert runner.invoke(app, ["check", "."]).exit_code == 0


@pytest.mark.parametrize("word", ["noqa", "catalyst"])
def test_a_comment_with_a_reason_allows_and_one_without_does_not(folder: Path, word: str) -> None:
    (folder / "helper.py").write_text(HELPER.replace("(1)", f"(1)  # {word}: blocking(start-up)"))
    (finding,) = check_paths([Path()]).findings
    assert finding.allowed == "start-up"
    (folder / "helper.py").write_text(HELPER.replace("(1)", f"(1)  # {word}: blocking"))
    (finding,) = check_paths([Path()]).findings
    assert not finding.allowed


def test_clients_made_per_call_and_endless_calls_are_advised_on(folder: Path) -> None:
    (folder / "app.py").write_text(
        "import aiohttp\n\n\nasync def fetch(url):\n"
        "    async with aiohttp.ClientSession(timeout=None) as session:\n"
        "        return await session.get(url)\n"
    )
    found = check_paths([Path("app.py")]).findings
    assert {f.kind for f in found} == {"client", "timeout"}


LEVELS = {"none", "note", "warning", "error"}


def location_is_valid(location: dict[str, Any]) -> bool:
    """Tell whether a location is as SARIF 2.1.0 has it: a relative URI, lines from 1."""
    physical = location["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert not re.search(r"[\\ ]|^[a-zA-Z]:", uri)
    return physical["region"]["startLine"] >= 1 and set(location) <= {
        *("id", "physicalLocation", "message")
    }


def test_sarif_is_as_the_standard_has_it(folder: Path) -> None:
    (folder / "with space.py").write_text(APP + "    open('x')\n")
    log = json.loads(json.dumps(as_sarif(check_paths([Path()]).findings, "1.2.3")))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json") or "sarif-schema-2.1.0" in log["$schema"]
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    rules = [rule["id"] for rule in driver["rules"]]
    assert driver["name"]
    assert len(set(rules)) == len(rules)
    assert len(run["results"]) == 3
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"]
        (flow,) = result["codeFlows"]
        (thread,) = flow["threadFlows"]
        steps = [step["location"] for step in thread["locations"]]
        places = [*result["locations"], *result["relatedLocations"], *steps]
        assert all(location_is_valid(place) for place in places)
        assert all(step["message"]["text"] for step in steps)
    uris = {
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]
    }
    assert uris == {"app.py", "with%20space.py"}


def test_the_first_finding_shows_the_code_of_every_step(folder: Path) -> None:
    result = CliRunner().invoke(app, ["check", "."])
    assert "async handler app.py:5: nap()" in result.stdout
    assert "→ nap helper.py:5: time.sleep(1)" in result.stdout
    assert "await asyncio.sleep" in result.stdout


def test_diff_outside_of_git_says_what_it_needs(folder: Path) -> None:
    with pytest.raises(UserError, match="in no git tree: --diff tells what changed"):
        changed_lines("main", folder)


def hook() -> dict[str, Any]:
    path = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    (found,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    return dict(found)


def test_the_pre_commit_hook_runs_and_fails_on_a_helper_that_blocks(folder: Path) -> None:
    described = hook()
    assert described["id"] == "catalyst-check"
    assert described["pass_filenames"] is False  # a helper alone reaches nothing
    program, *rest = shlex.split(described["entry"])
    command = [str(Path(sys.executable).with_name(program)), *rest, *described["args"]]
    failing = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert failing.returncode == 1
    assert "helper.py:5: error: time.sleep" in failing.stdout
    (folder / "helper.py").write_text("def nap():\n    pass\n")
    assert subprocess.run(command, capture_output=True, check=False, cwd=folder).returncode == 0
