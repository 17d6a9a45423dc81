"""``catalyst scrub``: files come back in their own format, without personal data."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Catalyst

Write = Callable[[str, str | bytes], Path]

CANARIES = ("Thistlewood", "thistlewood@", "010-4477")
NAME = "Miranda Thistlewood"
ADDRESS = "miranda.thistlewood@example.com"
SENTENCE = f"{NAME} ({ADDRESS}) called (555) 010-4477 about it."


def left(folder: Path) -> list[str]:
    """Return what of the canaries is still in any file of a folder."""
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    plain = b"\n".join(gzip.decompress(t) if t[:2] == b"\x1f\x8b" else t for t in texts)
    return [canary for canary in CANARIES if canary.encode() in plain]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("note.txt", SENTENCE),
        ("note.md", f"# A note\n\n- {SENTENCE}\n"),
        ("page.html", f"<p title='{SENTENCE}'>{SENTENCE}</p><a href='mailto:{ADDRESS}'>x</a>"),
        ("one.json", json.dumps({"who": {"name": NAME}, "text": SENTENCE}, indent=2)),
        ("many.json", json.dumps([{"text": SENTENCE}] * 3)),
        ("lines.jsonl", "\n".join(json.dumps({"n": n, "text": SENTENCE}) for n in range(3)) + "\n"),
        ("rows.csv", f'id;note\r\n1;"{SENTENCE}"\r\n2;nothing\r\n'),
        ("rows.tsv", f"id\tnote\n1\t{SENTENCE}\n"),
        ("zipped.txt.gz", gzip.compress(SENTENCE.encode(), mtime=0)),
    ],
)
def test_a_file_keeps_its_format_and_loses_what_is_personal(
    catalyst: Catalyst, write: Write, name: str, content: str | bytes
) -> None:
    write(f"inbox/{name}", content)
    catalyst("scrub", "inbox")
    out = catalyst.folder / "scrubbed" / "inbox" / name
    assert left(catalyst.folder / "scrubbed") == []
    if name.endswith(".json"):
        assert type(json.loads(out.read_text())) is type(json.loads(str(content)))
    elif name.endswith(".jsonl"):
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        assert [row["n"] for row in rows] == [0, 1, 2]
    elif name.endswith(".csv"):
        with out.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
        assert rows[0] == ["id", "note"]
        assert rows[2] == ["2", "nothing"]
        assert b"\r\n" in out.read_bytes()
    elif name.endswith(".gz"):
        assert b"called <PHONE>" in gzip.decompress(out.read_bytes())


def test_the_samples_can_be_scrubbed_with_a_page_to_look_at(catalyst: Catalyst) -> None:
    import ai_catalyst

    samples = Path(ai_catalyst.__file__).parent / "samples"
    (catalyst.folder / "samples").symlink_to(samples)
    done = json.loads(catalyst("scrub", "samples", "--report", "--json").stdout)
    assert len(done["files"]) == len(list(samples.iterdir()))
    assert not done["failed"]
    page = Path(catalyst.folder / done["report"]).read_text()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert {Path(f["output"]).name for f in done["files"]} >= {"invoice.pdf.txt", "feed.xml.jsonl"}


def test_a_broken_file_fails_alone(catalyst: Catalyst, write: Write) -> None:
    write("inbox/bad.jsonl", '{"text": "fine"}\n{broken\n')
    write("inbox/good.txt", SENTENCE)
    done = catalyst("scrub", "inbox", "--json", exits=1)
    report = json.loads(done.stdout)
    assert [f["source"] for f in report["files"]] == ["inbox/good.txt"]
    assert "line 2" in report["failed"][0]["error"]
    assert not (catalyst.folder / "scrubbed/inbox/bad.jsonl").exists()


def test_a_pipe_is_scrubbed_without_a_file(catalyst: Catalyst) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ai_catalyst", "scrub", "-"],
        input=f"{SENTENCE}\n".encode(),
        capture_output=True,
        cwd=catalyst.folder,
        timeout=60,
    )
    assert done.returncode == 0
    assert not [canary for canary in CANARIES if canary.encode() in done.stdout]
    assert b"<PHONE> about it." in done.stdout
    assert list(catalyst.folder.iterdir()) == []


def test_what_may_stay_stays_and_what_must_go_goes(catalyst: Catalyst, write: Write) -> None:
    write("a.txt", f"{SENTENCE} The project is called Bluebottle.")
    catalyst("scrub", "a.txt", "--deny", "Bluebottle", "--allow", "(555) 010-4477")
    text = (catalyst.folder / "scrubbed/a.txt").read_text()
    assert "Bluebottle" not in text
    assert "(555) 010-4477" in text


def test_wrong_use_is_refused_before_anything_is_read(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a.txt", SENTENCE)
    assert "preset" in catalyst("scrub", "inbox", "--preset", "mild", exits=2).stderr
    assert "--output" in catalyst("scrub", "inbox", "--output", "inbox/out", exits=2).stderr
    assert not (catalyst.folder / "inbox/out").exists()


def test_a_pipe_and_junk_in_a_folder_are_no_obstacle(catalyst: Catalyst, write: Write) -> None:
    import os

    write("inbox/good.txt", SENTENCE)
    write("inbox/junk.txt", bytes(range(256)) * 40)
    os.mkfifo(catalyst.folder / "inbox/pipe.txt")
    done = catalyst("scrub", "inbox", "--json", exits=1)
    report = json.loads(done.stdout)
    assert [f["source"] for f in report["files"]] == ["inbox/good.txt"]
    assert [f["source"] for f in report["failed"]] == ["inbox/junk.txt", "inbox/pipe.txt"]


@pytest.mark.parametrize("name", ["long.csv", "long.jsonl", "long.txt.gz"])
def test_a_long_file_is_read_piece_by_piece_and_nothing_of_it_is_lost(
    catalyst: Catalyst, write: Write, name: str
) -> None:
    filler = "boiler" * 330
    if ".csv" in name:
        rows = [[n, SENTENCE, f'{filler}\n"{n}"'] for n in range(1, 551)]
        lines = [",".join(["n", "note", "rest"])]
        lines += [",".join('"' + str(cell).replace('"', '""') + '"' for cell in r) for r in rows]
    elif ".jsonl" in name:
        lines = [json.dumps({"n": n, "note": SENTENCE, "rest": filler}) for n in range(550)]
    else:
        lines = [f"{n} {SENTENCE} {filler}" for n in range(550)]
    data = ("\r\n".join(lines) + "\r\n").encode()
    write(f"inbox/{name}", gzip.compress(data, 0, mtime=0) if name.endswith(".gz") else data)
    done = json.loads(catalyst("scrub", "inbox", "--report", "--json").stdout)
    assert done["files"][0]["counts"]["PHONE"] == 550
    out = (catalyst.folder / "scrubbed" / "inbox" / name).read_bytes()
    text = (gzip.decompress(out) if name.endswith(".gz") else out).decode()
    assert left(catalyst.folder / "scrubbed" / "inbox") == []
    assert text.count("boiler") == 550 * 330
    if ".csv" in name:
        found = list(csv.reader(text.splitlines(keepends=True)))
        assert [row[0] for row in found[1:]] == [str(n) for n in range(1, 551)]
    elif ".jsonl" in name:
        assert [json.loads(line)["n"] for line in text.splitlines()] == list(range(550))
    else:
        assert text == data.decode().replace(f"{NAME} ({ADDRESS})", "<NAME> (<EMAIL>)").replace(
            "(555) 010-4477", "<PHONE>"
        )


def test_a_long_file_that_goes_wrong_in_the_middle_leaves_nothing(
    catalyst: Catalyst, write: Write
) -> None:
    lines = [json.dumps({"n": n, "rest": "x" * 1000}) for n in range(1500)]
    write("inbox/bad.jsonl", "\n".join([*lines, "{broken", *lines]))
    done = catalyst("scrub", "inbox", "--json", exits=1)
    assert "line 1501" in json.loads(done.stdout)["failed"][0]["error"]
    assert not [path for path in (catalyst.folder / "scrubbed").rglob("*") if path.is_file()]
