"""``catalyst pdf`` as a person uses it: a folder in, a table out, and nothing lost on the way."""

from __future__ import annotations

import csv
import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
from pdf_files import invoice, pages, pdf
from program import Catalyst

Write = Callable[[str, str | bytes], Path]

FIELDS = """
- {name: invoice_number, required: true}
- {name: date, type: date}
- {name: total, type: amount}
"""


def inbox(write: Write, count: int = 4) -> list[str]:
    names = [f"inbox/{number:02}.pdf" for number in range(count)]
    for number, name in enumerate(names):
        write(name, invoice(number))
    return names


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table_in_one_command(catalyst: Catalyst, write: Write) -> None:
    names = inbox(write)
    write("inbox/notes.txt", "not a PDF, and not asked for")
    write("fields.yaml", FIELDS)
    catalyst("pdf", "extract", "inbox", "--fields", "fields.yaml", "--output", "results.csv")
    found = rows(catalyst.folder / "results.csv")
    assert [row["file"] for row in found] == names
    assert [row["invoice_number"] for row in found] == ["INV-0", "INV-1", "INV-2", "INV-3"]
    assert {(row["date"], row["total"]) for row in found} == {("2026-03-01", "12.50")}
    catalyst("pdf", "extract", "inbox/*.pdf", "-f", "total", "-o", "results.xlsx")
    sheet = openpyxl.load_workbook(catalyst.folder / "results.xlsx").worksheets[0]
    assert sheet.max_row == 1 + len(names)
    catalyst("pdf", "extract", *names, "-f", "total", "-o", "results.json")
    assert len(json.loads((catalyst.folder / "results.json").read_text())) == len(names)


def test_what_is_done_is_not_done_again(catalyst: Catalyst, write: Write) -> None:
    inbox(write)
    catalyst("pdf", "extract", "inbox", "-f", "total")
    write("inbox/99.pdf", invoice(99))
    again = json.loads(catalyst("pdf", "extract", "inbox", "-f", "total", "--json").stdout)
    assert (again["succeeded"], again["resumed"], len(again["files"])) == (5, 4, 5)
    fresh = catalyst("pdf", "extract", "inbox", "-f", "total", "--json", "--force-refresh")
    assert json.loads(fresh.stdout)["resumed"] == 0


def test_a_bad_file_costs_its_own_row_and_the_exit_code(catalyst: Catalyst, write: Write) -> None:
    inbox(write, 2)
    write("inbox/broken.pdf", b"%PDF-1.7 and then nothing")
    write("inbox/empty.pdf", b"")
    write("letter.pdf", "Dear Sir")
    done = catalyst(
        "pdf", "extract", "inbox", "letter.pdf", "gone.pdf", "-f", "total", "--json", exits=1
    )
    told = json.loads(done.stdout)
    outcomes = {file["file_name"]: file["outcome"] for file in told["files"]}
    assert outcomes == {
        "inbox/00.pdf": "OK",
        "inbox/01.pdf": "OK",
        "inbox/broken.pdf": "MALFORMED",
        "inbox/empty.pdf": "MALFORMED",
        "letter.pdf": "UNSUPPORTED",
        "gone.pdf": "UNSUPPORTED",
    }
    assert (told["succeeded"], told["failed"]) == (2, 4)


def test_only_what_was_tried_is_retried(catalyst: Catalyst, write: Write) -> None:
    write("inbox/a.pdf", b"%PDF-1.7 broken")
    catalyst("pdf", "extract", "inbox", "-f", "total", exits=1)
    write("inbox/a.pdf", invoice(1))
    write("inbox/new.pdf", invoice(2))
    done = catalyst("pdf", "extract", "inbox", "-f", "total", "--retry-failed", "--json")
    assert [file["file_name"] for file in json.loads(done.stdout)["files"]] == ["inbox/a.pdf"]


def test_passwords_come_from_a_file(catalyst: Catalyst, write: Write) -> None:
    write("locked.pdf", pdf(["Total: 7.00 EUR"], password="opensesame"))
    write("keys.txt", "wrong\nopensesame\n")
    failed = catalyst("pdf", "extract", "locked.pdf", "-f", "total", exits=1)
    assert "password" in failed.stderr
    done = catalyst(
        "pdf", "extract", "locked.pdf", "-f", "total", "--passwords", "keys.txt", "--json"
    )
    assert json.loads(done.stdout)["files"][0]["data"] == {"total": 7}
    assert "opensesame" not in done.stdout + done.stderr


def test_text_is_printed_page_by_page(catalyst: Catalyst, write: Write) -> None:
    write("a.pdf", pages(2))
    assert catalyst("pdf", "text", "a.pdf").stdout == "Page 1 of the book\fPage 2 of the book\n"
    told = json.loads(catalyst("pdf", "text", "a.pdf", "--json").stdout)
    assert [page["text"] for page in told[0]["texts"]] == [
        "Page 1 of the book",
        "Page 2 of the book",
    ]
    catalyst("pdf", "text", "gone.pdf", exits=1)


def test_wrong_use_is_told_before_anything_is_read(catalyst: Catalyst, write: Write) -> None:
    inbox(write, 1)
    write("fields.yaml", "- {name: x, pattern: '('}")
    write("empty.yaml", "")
    for wrong in (
        ("--output", "results.docx"),
        ("--output", "missing/results.csv"),
        ("--fields", "empty.yaml"),
        ("--fields", "fields.yaml"),
        ("--fields", "missing.yaml"),
        ("--concurrency", "none"),
        ("--passwords", "missing.txt"),
        ("--template", "missing"),
    ):
        done = catalyst("pdf", "extract", "inbox", *wrong, exits=2)
        assert done.stderr.count("\n") <= 2


def test_a_model_that_is_not_there_is_told_once_and_before_the_files(
    catalyst: Catalyst, write: Write
) -> None:
    inbox(write, 3)
    for method in ("ai", "hybrid"):
        done = catalyst("pdf", "extract", "inbox", "-f", "total", "--method", method, exits=7)
        assert done.stderr.count("no model endpoint is known") == 1
        assert "--method classic" in done.stderr


def test_a_field_that_no_file_has_is_named(catalyst: Catalyst, write: Write) -> None:
    inbox(write, 2)
    done = catalyst("pdf", "extract", "inbox", "-f", "total,shoe_size")
    assert "in no file: shoe_size;" in done.stderr
    assert "in no file" not in catalyst("pdf", "extract", "inbox").stderr


def test_killed_at_any_moment_every_file_is_there_once(catalyst: Catalyst, write: Write) -> None:
    names = inbox(write, 60)
    command = ("pdf", "extract", "inbox", "-f", "invoice_number,total", "-o", "results.csv")
    chance = random.Random(20_261_122)
    for _ in range(5):
        process = catalyst.start(*command)
        time.sleep(chance.uniform(0.8, 2.2))  # a real process, killed at a real moment
        process.kill()
        process.communicate()
    catalyst(*command)
    found = rows(catalyst.folder / "results.csv")
    assert [row["file"] for row in found] == names
    assert [row["invoice_number"] for row in found] == [f"INV-{n}" for n in range(60)]
    with sqlite3.connect(catalyst.folder / ".catalyst" / "catalyst.db") as connection:
        done = connection.execute("SELECT label FROM journal WHERE state = 'done'").fetchall()
        kept = connection.execute("SELECT count(*) FROM pdf_documents").fetchone()
    assert Counter(label for (label,) in done) == Counter(names)
    assert kept == (60,)
