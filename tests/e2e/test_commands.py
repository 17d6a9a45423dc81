"""The smaller commands, run as the real program."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from program import Catalyst

Write = Callable[[str, str | bytes], Path]


def test_help_names_every_command(catalyst: Catalyst) -> None:
    shown = catalyst("--help").stdout
    for command in ("run", "init", "config", "doctor", "stats", "forget", "bench"):
        assert f" {command} " in shown


def test_the_version_is_printed(catalyst: Catalyst) -> None:
    assert catalyst("--version").stdout.startswith("catalyst 0.")


def test_init_writes_a_file_that_is_then_in_force(catalyst: Catalyst) -> None:
    catalyst("init")
    assert (catalyst.folder / "catalyst.yaml").read_text().startswith("# Settings")
    refused = catalyst("init", exits=2)
    assert "--force" in refused.stderr
    entries = json.loads(catalyst("config", "--json").stdout)
    assert entries["async.max_concurrent"] == {"value": 5, "from": "catalyst.yaml"}


def test_config_says_where_each_value_comes_from(catalyst: Catalyst, write: Write) -> None:
    write("catalyst.yaml", "rate_limiting: {burst: 9}\n")
    shown = catalyst("config", "--json", RATE_LIMIT_RPS="3", OPENAI_API_KEY="made-up-value")
    entries = json.loads(shown.stdout)
    assert entries["rate_limiting.rps"] == {"value": 3.0, "from": "environment RATE_LIMIT_RPS"}
    assert entries["rate_limiting.burst"] == {"value": 9, "from": "catalyst.yaml"}
    assert entries["OPENAI_API_KEY"]["value"] == "set"
    assert "made-up-value" not in shown.stdout
    plain = catalyst("config", RATE_LIMIT_RPS="3").stdout
    assert "rate_limiting.rps\t3.0\tenvironment RATE_LIMIT_RPS" in plain


def test_a_wrong_settings_file_stops_every_command_that_reads_it(
    catalyst: Catalyst, write: Write
) -> None:
    write("catalyst.yaml", "asynch: {}\n")
    assert "did you mean 'async'" in catalyst("config", exits=2).stderr
    assert "did you mean 'async'" in catalyst("run", "samples", exits=2).stderr
    broken = json.loads(catalyst("doctor", "--json", exits=1).stdout)
    assert {"settings"} == {check["name"] for check in broken if check["status"] == "broken"}


def test_doctor_names_a_remedy_for_everything_that_is_missing(catalyst: Catalyst) -> None:
    found = json.loads(catalyst("doctor", "--json", exits=0).stdout)
    assert {check["group"] for check in found} == {"core", "extras", "programs", "servers", "keys"}
    assert all(check["remedy"] for check in found if check["status"] == "missing")
    keys = [check for check in found if check["group"] == "keys"]
    assert all(check["status"] == "missing" for check in keys)
    assert "The core works here" in catalyst("doctor").stdout


def test_stats_tell_of_runs_and_of_what_is_kept(catalyst: Catalyst, write: Write) -> None:
    write("a.txt", "The tide rose. The market opened. The council met at noon to decide.\n")
    catalyst("run", "a.txt", "--model", "none")
    figures = json.loads(catalyst("stats", "--json").stdout)
    assert figures["runs"][0]["status"] == "done"
    assert figures["runs"][0]["counts"]["done"] == 1
    assert "a.txt" in catalyst("stats").stdout


def test_stats_work_before_anything_was_run(catalyst: Catalyst) -> None:
    assert json.loads(catalyst("stats", "--json").stdout)["runs"] == []


def test_only_a_kind_that_there_is_is_cleared(catalyst: Catalyst) -> None:
    refused = catalyst("cache", "clear", "zork", exits=2)
    assert "'zork'" in refused.stderr
    assert "api" in refused.stderr
    assert catalyst("cache", "clear", "api").stdout.startswith("cleared")


def test_forget_wants_to_know_what(catalyst: Catalyst) -> None:
    assert "name a document" in catalyst("forget", exits=2).stderr
    assert "90d" in catalyst("forget", "--older-than", "soon", exits=2).stderr
    assert "nothing of that is kept" in catalyst("forget", "never-seen.txt").stdout


def test_bench_measures_what_is_asked_for(catalyst: Catalyst) -> None:
    done = catalyst("bench", "engine", "--compare", "--concurrency", "4,8", "--json")
    figures = json.loads(done.stdout)
    assert [figure["way"] for figure in figures] == ["one by one", "4 at once", "8 at once"]
    assert figures[0]["seconds"] > figures[1]["seconds"] > figures[2]["seconds"]
    assert all(figure["seconds"] >= figure["ideal_s"] for figure in figures)
    assert "files" in catalyst("bench", "files", "--concurrency", "3").stdout
    assert "unknown system" in catalyst("bench", "warp", exits=2).stderr
    assert "1,3,5,8" in catalyst("bench", "--concurrency", "many", exits=2).stderr
