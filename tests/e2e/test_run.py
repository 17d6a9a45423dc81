"""``catalyst run`` as a person would use it."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Catalyst

REPORTS = {
    "article_analysis_report.md",
    "summary_report.md",
    "articles_export.json",
    "articles_export.csv",
    "report.html",
}
Write = Callable[[str, str | bytes], Path]


def reports(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "output").iterdir()}


def exported(folder: Path) -> list[dict[str, object]]:
    report = json.loads((folder / "output" / "articles_export.json").read_text())
    return list(report)


def prose(number: int) -> str:
    return (
        f"Report number {number} on the harbour. The tide rose by {number} centimetres in the "
        "morning. Fishermen repaired the eastern wall before noon. The council will decide on the "
        f"next works in week {number}. Nobody was hurt, and the market opened as usual.\n"
    )


def test_the_samples_become_five_reports_without_key_model_or_network(catalyst: Catalyst) -> None:
    done = catalyst("run", "samples", "--model", "none", "--output", "output")

    assert set(reports(catalyst.folder)) == REPORTS
    documents = exported(catalyst.folder)
    assert len(documents) >= 12
    assert all(document["error"] is None for document in documents)
    assert "output" in done.stdout
    assert "0 bytes" in done.stdout
    assert f"{len(documents)} documents" in done.stderr
    assert (
        "No language model was asked" in (catalyst.folder / "output/summary_report.md").read_text()
    )


def test_a_second_run_does_nothing_again_and_says_so(catalyst: Catalyst) -> None:
    catalyst("run", "samples", "--model", "none")
    first = reports(catalyst.folder)

    again = catalyst("run", "samples", "--model", "none")

    number = len(exported(catalyst.folder))
    assert f"{number} unchanged, 0 calls, $0.00" in again.stdout
    assert reports(catalyst.folder) == first


def test_a_changed_document_is_the_only_one_done_again(catalyst: Catalyst, write: Write) -> None:
    for number in range(4):
        write(f"inbox/{number}.txt", prose(number))
    catalyst("run", "inbox", "--model", "none")
    write("inbox/2.txt", prose(22))

    done = catalyst("run", "inbox", "--model", "none", "--json")

    figures = json.loads(done.stdout)
    assert (figures["done"], figures["unchanged"], figures["failed"]) == (1, 3, 0)


def test_reports_are_the_same_bytes_sync_or_async_at_any_concurrency(
    catalyst: Catalyst, write: Write
) -> None:
    for number in range(12):
        write(f"inbox/{number:02}.txt", prose(number))
    write("inbox/broken.pdf", b"%PDF-1.7 and then nothing")
    seen = []
    for options in (("--sync",), ("--concurrency", "3"), ("--async", "--concurrency", "10")):
        catalyst("run", "inbox", "--model", "none", "--force-refresh", *options, exits=1)
        seen.append(reports(catalyst.folder))
    assert seen[0] == seen[1] == seen[2]


def test_bad_items_are_listed_and_the_others_done(catalyst: Catalyst, write: Write) -> None:
    write("inbox/good.txt", prose(1))
    write("inbox/empty.txt", "")
    write("inbox/lines.jsonl", '{"text": "' + prose(2).strip() + '"}\n{broken\n')
    write("inbox/not-really.pdf", b"%PDF-1.4 garbage")

    done = catalyst("run", "inbox", "missing.txt", "--model", "none", exits=1)

    failed = {d["url"]: d["error"] for d in exported(catalyst.folder) if d["error"]}
    assert "missing.txt" in failed
    assert "inbox/empty.txt" in failed
    assert "inbox/not-really.pdf" in failed
    assert "inbox/lines.jsonl#line-2" in failed
    assert "✓ inbox/good.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_alone_goes_to_stdout(catalyst: Catalyst, write: Write) -> None:
    write("a.txt", prose(1))
    done = catalyst("run", "a.txt", "--model", "none", "--json")
    figures = json.loads(done.stdout)
    assert figures["documents"] == 1
    assert figures["bytes_sent"] == 0
    assert sorted(Path(path).name for path in figures["reports"]) == sorted(REPORTS)


def test_a_limit_stops_the_reading(catalyst: Catalyst, write: Write) -> None:
    for number in range(9):
        write(f"inbox/{number}.txt", prose(number))
    catalyst("run", "inbox", "--model", "none", "--limit", "4")
    assert [d["url"] for d in exported(catalyst.folder)] == [f"inbox/{n}.txt" for n in range(4)]


def test_a_dry_run_shows_and_writes_nothing(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a.txt", prose(1))
    done = catalyst("run", "inbox", "https://example.org/feed.xml", "--dry-run", "--model", "none")
    assert "inbox/a.txt" in done.stdout
    assert "https://example.org/feed.xml" in done.stdout
    assert "$0.00" in done.stdout
    assert not (catalyst.folder / "output").exists()


def test_only_what_failed_is_tried_again_on_request(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a.txt", prose(1))
    write("inbox/b.txt", "")
    catalyst("run", "inbox", "--model", "none", exits=1)
    write("inbox/b.txt", prose(2))
    write("inbox/c.txt", prose(3))
    done = catalyst("run", "inbox", "--model", "none", "--retry-failed", "--json")
    figures = json.loads(done.stdout)
    assert (figures["done"], figures["unchanged"]) == (1, 1)
    assert [d["url"] for d in exported(catalyst.folder)] == ["inbox/a.txt", "inbox/b.txt"]


def test_a_run_that_leaves_the_reports_as_they_were_says_why_on_the_spot(
    catalyst: Catalyst, write: Write
) -> None:
    write("a.txt", prose(1))
    catalyst("run", "a.txt", "--model", "none")
    done = catalyst("run", "nowhere", "--model", "none", exits=1)
    assert "✗ nowhere" in done.stderr
    assert "each reason stands above" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run",), "nothing to read"),
        (("run", "x", "--concurrency", "50"), "--force-concurrency"),
        (("run", "x", "--limit", "0"), "limit"),
        (("run", "x", "--config", "nowhere.yaml"), "nowhere.yaml"),
        (("rum",), "rum"),
        (("run", "x", "--no-such-flag"), "--no-such-flag"),
    ],
)
def test_wrong_use_is_one_clear_line_and_exit_2(
    catalyst: Catalyst, arguments: tuple[str, ...], complaint: str
) -> None:
    done = catalyst(*arguments, exits=2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_nothing_from_outside_reaches_the_terminal_raw(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a\x1b[2Jb.txt", prose(1))
    write("inbox/page.html", f"<title>\x1b]0;owned\x07</title><p>{prose(2)}</p>")
    done = catalyst("run", "inbox", "--model", "none", exits=None)
    assert "\x1b" not in done.stdout + done.stderr
    for content in reports(catalyst.folder).values():
        assert b"\x1b" not in content


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(
    catalyst: Catalyst, write: Write
) -> None:
    page = f"<title>=HYPERLINK(&quot;http://example.com&quot;)</title><p>{prose(2)}</p>"
    write("inbox/page.html", page)
    catalyst("run", "inbox", "--model", "none")
    with (catalyst.folder / "output/articles_export.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(
    catalyst: Catalyst, write: Write
) -> None:
    for number in range(400):
        write(f"inbox/{number:03}.txt", prose(number) * 3)
    process = catalyst.start("run", "inbox", "--model", "none", "--concurrency", "2")
    deadline = time.monotonic() + 60
    seen = ""
    assert process.stderr is not None
    while "✓" not in seen and time.monotonic() < deadline:
        seen += process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on from there" in rest
    assert "Traceback" not in seen + rest

    done = catalyst("run", "inbox", "--model", "none", "--json")
    figures = json.loads(done.stdout)
    assert figures["unchanged"] >= 1
    assert figures["documents"] == len(exported(catalyst.folder)) == 400


def test_the_state_is_for_the_owners_eyes_only(catalyst: Catalyst, write: Write) -> None:
    write("a.txt", prose(1))
    catalyst("run", "a.txt", "--model", "none")
    assert (catalyst.folder / ".catalyst").stat().st_mode & 0o777 == 0o700
    for path in (catalyst.folder / ".catalyst").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_state_can_live_elsewhere(catalyst: Catalyst, write: Write, tmp_path: Path) -> None:
    write("a.txt", prose(1))
    catalyst("run", "a.txt", "--model", "none", CATALYST_HOME=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "catalyst.db").exists()
    assert not (catalyst.folder / ".catalyst").exists()


def test_a_forgotten_document_leaves_nothing_behind(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a.txt", prose(1) + "The harbour master is called Quillfeather.\n")
    write("inbox/b.txt", prose(2))
    catalyst("run", "inbox", "--model", "none")

    catalyst("forget", "inbox/a.txt")

    for path in (catalyst.folder / ".catalyst").iterdir():
        assert b"Quillfeather" not in path.read_bytes(), path
    done = catalyst("run", "inbox/b.txt", "--model", "none", "--json")
    assert json.loads(done.stdout)["unchanged"] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a small file system of its own, so root")
def test_a_full_disk_is_said_in_one_line_and_loses_nothing(
    catalyst: Catalyst, write: Write, tmp_path: Path
) -> None:
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        for number in range(60):
            write(f"inbox/{number:02}.txt", prose(number) * 40)
        full = catalyst("run", "inbox", "--model", "none", exits=None, CATALYST_HOME=str(small))
        assert full.returncode == 1
        assert "Traceback" not in full.stderr
        assert "full" in full.stderr.lower()
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        catalyst("run", "inbox", "--model", "none", CATALYST_HOME=str(small))
        assert len(exported(catalyst.folder)) == 60
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_link_to_itself_costs_the_others_nothing(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a.txt", prose(1))
    (catalyst.folder / "inbox/self").symlink_to("self")
    done = catalyst("run", "inbox", "--model", "none", "--json", exits=1)
    figures = json.loads(done.stdout)
    assert (figures["done"], figures["failed"]) == (1, 1)
    assert figures["failures"][0]["source"] == "inbox/self"


def test_an_output_folder_that_cannot_be_is_refused_before_anything_is_read(
    catalyst: Catalyst, write: Write
) -> None:
    write("a.txt", prose(1))
    write("taken", "a file")
    assert "taken" in catalyst("run", "a.txt", "--output", "taken", exits=2).stderr
    assert not (catalyst.folder / ".catalyst").exists()


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true"])
def test_an_output_nobody_takes_is_no_traceback(catalyst: Catalyst, redirection: str) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        f"{sys.executable} -m ai_catalyst config {redirection}",
        shell=True,
        cwd=catalyst.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr


def test_a_run_that_understands_nothing_leaves_the_reports_as_they_were(
    catalyst: Catalyst, write: Write
) -> None:
    write("a.txt", "The harbour wall was repaired in spring. It took six weeks and two cranes.")
    catalyst("run", "a.txt", "--model", "none")
    before = (catalyst.folder / "output/report.html").read_bytes()
    done = catalyst("run", "missing.txt", "--model", "none", exits=1)
    assert "the reports stay as they were" in done.stdout
    assert (catalyst.folder / "output/report.html").read_bytes() == before


def test_a_model_that_is_named_and_cannot_be_asked_ends_the_run(
    catalyst: Catalyst, write: Write
) -> None:
    write("a.txt", "The harbour wall was repaired in spring.")
    done = catalyst("run", "a.txt", "--model", "clever-7b", exits=7)
    assert "no model endpoint is known" in done.stderr
    assert not (catalyst.folder / "output/report.html").exists()
