"""The app's flows, driven by Streamlit's own `AppTest`."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

if os.environ.get("CI") != "true":
    pytest.importorskip("streamlit", reason="the extra `pdf-app` is not installed")

import pdf_app
import streamlit as st
from reportlab.pdfgen import canvas
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from ai_catalyst.cli.app import options
from ai_catalyst.errors import UserError
from ai_catalyst.pdf.app import Model
from ai_catalyst.pdf.app.downloads import download
from ai_catalyst.pdf.app.presets import PRESETS, parse
from ai_catalyst.pdf.app.shared import escaped
from ai_catalyst.pdf.app.values import shown, typed_like
from ai_catalyst.pdf.app.words import OUTCOMES, confidence_word, file_size, label
from ai_catalyst.pdf.job import Job
from ai_catalyst.pdf.model import OutcomeName

PDF = "application/pdf"


def pdf(*words: str) -> bytes:
    """Return a PDF of two pages with these words."""
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(200, 200))
    for number in (1, 2):
        page.drawString(20, 100, f"page {number}")
        page.showPage()
    page.save()
    return out.getvalue() + b"\n%" + " ".join(words).encode()


GOOD, BAD = ("good.pdf", pdf("good"), PDF), ("bad.pdf", b"bad", PDF)
WAIT = ("wait.pdf", pdf("wait"), PDF)


@pytest.fixture(autouse=True)
def _app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    # Each new session of AppTest would look through all installed packages for components.
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)
    st.cache_resource.clear()
    yield
    pdf_app.reset()
    st.cache_resource.clear()


def opened(**where: str) -> AppTest:
    app = AppTest.from_string(pdf_app.SCRIPT, default_timeout=20)
    for name, value in where.items():
        app.query_params[name] = value
    return fine(app.run())


def fine(app: AppTest) -> AppTest:
    assert not app.exception, [one.value for one in app.exception]
    return app


def button(app: AppTest, key: str) -> AppTest:
    return fine(app.button(key=key).click().run())


def uploaded(app: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    return fine(app.file_uploader[0].set_value(list(files)).run())


def begun(*files: tuple[str, bytes, str]) -> AppTest:
    return button(uploaded(opened(), *files), "start")


def job_of(app: AppTest) -> Job:
    given = app.query_params["job"]
    job_id = given if isinstance(given, str) else given[0]
    return pdf_app.BUILT[-1].find(job_id)


def until(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not check():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def done(*files: tuple[str, bytes, str]) -> AppTest:
    app = begun(*files)
    until(lambda: job_of(app).progress().state != "running")
    return fine(app.run())


def view(app: AppTest, name: str) -> AppTest:
    (control,) = [one for one in app.get("button_group") if "Beside the page" in str(one.options)]
    return fine(control.set_value(name).run())


def words(app: AppTest) -> str:
    kinds = ("title", "markdown", "caption", "text", "error", "warning", "success", "info")
    return "\n".join(str(one.value) for kind in kinds for one in app.get(kind))


def test_uploads_are_on_the_disk_at_once_and_the_widget_is_empty_again() -> None:
    app = uploaded(opened(), GOOD, BAD)
    job = job_of(app)
    assert [upload.name for upload in job.folder.uploads] == ["good.pdf", "bad.pdf"]
    assert Path(job.folder.uploads[0].path).read_bytes() == GOOD[1]
    assert app.file_uploader[0].value == []
    assert "2 files" in words(app)
    assert app.button(key="start").label == "Extract from 2 files"


def test_a_reload_finds_the_draft_the_running_and_the_finished_batch_again() -> None:
    first = uploaded(opened(), GOOD, WAIT)
    job_id = job_of(first).id
    assert "2 files" in words(opened(job=job_id))
    button(first, "start")
    running = opened(job=job_id)
    assert running.button(key="cancel")
    pdf_app.GO.set()
    until(lambda: job_of(first).progress().state == "done")
    assert "2 of 2 files read" in words(opened(job=job_id))


def test_an_upload_can_be_taken_back() -> None:
    app = uploaded(opened(), GOOD, BAD)
    drops = [one for one in app.button if str(one.key).startswith("drop-")]
    app = fine(drops[1].click().run())
    assert [upload.name for upload in job_of(app).folder.uploads] == ["good.pdf"]


def test_nothing_can_begin_without_files_or_with_fields_that_are_wrong() -> None:
    app = opened()
    assert app.button(key="start").disabled
    app = uploaded(app, GOOD)
    assert not app.button(key="start").disabled
    app = fine(app.text_area(key="fields-Invoice").set_value("total: amuont").run())
    assert app.button(key="start").disabled
    assert "amount" in app.error[0].value
    app = fine(app.text_area(key="fields-Invoice").set_value("a: [").run())
    assert "line 1" in app.error[0].value
    fine(app.text_area(key="fields-Invoice").set_value("vat_id: vat_id").run())
    app = button(app, "start")
    until(lambda: pdf_app.ORDERS)
    assert pdf_app.ORDERS[0].fields == "vat_id: vat_id"


def test_a_model_has_to_be_there_before_it_can_be_asked() -> None:
    app = uploaded(opened(), GOOD)
    app = fine(app.radio(key="method").set_value("hybrid").run())
    assert "No model was found" in app.warning[0].value
    assert app.button(key="start").disabled
    pdf_app.MODELS.append(Model("here", "here · pear-7b", True))
    pdf_app.MODELS.append(Model("cloud", "cloud · plum-1", False))
    app = fine(app.run())
    assert "stays on your own machines" in words(app)
    app = fine(app.selectbox(key="model").set_value("cloud").run())
    assert "are replaced before the text leaves" in words(app)
    button(app, "start")
    until(lambda: pdf_app.ORDERS)
    assert (pdf_app.ORDERS[0].method, pdf_app.ORDERS[0].model) == ("hybrid", "cloud")


def test_progress_is_shown_by_file_and_page() -> None:
    app = begun(GOOD, WAIT)
    job = job_of(app)
    until(lambda: job.progress().done == 1)
    job._page("wait.pdf", 3, 12)
    app = fine(app.run())
    assert "wait.pdf · page 3 of 12" in words(app)
    assert "1 of 2 files" in str(app.get("progress")[0].proto)
    pdf_app.GO.set()
    until(lambda: job.progress().state == "done")


def test_a_cancelled_batch_says_so_and_can_go_on() -> None:
    app = begun(GOOD, WAIT)
    until(lambda: job_of(app).progress().done == 1)
    app = button(app, "cancel")
    assert "Cancelled: 1 of 2 files read" in words(app)
    pdf_app.GO.set()
    app = button(app, "retry-all")
    until(lambda: job_of(app).progress().state == "done")
    assert "Done: 2 of 2 files read" in words(fine(app.run()))


def test_a_failed_file_has_its_reason_what_to_do_and_a_button() -> None:
    app = view(done(GOOD, BAD), "Failed (1)")
    told = words(app)
    assert "bad.pdf · Broken" in told
    assert "Is a broken PDF file" in told
    assert "Ask for the file once more" in told
    job = job_of(app)
    Path(job.folder.uploads[1].path).write_bytes(pdf("mended"))
    app = button(app, "retry-1")
    until(lambda: job.progress().state == "done")
    assert "2 of 2 files read" in words(fine(app.run()))


def test_values_stand_beside_their_page_with_how_sure_they_are() -> None:
    app = done(GOOD)
    table = app.dataframe[0].value
    seen = {row["Field"]: (row["Value"], row["How sure"]) for _, row in table.iterrows()}
    assert seen["Invoice number"] == ("EO-88", "● sure · page 1")
    assert seen["Total"] == ("89.90", "◐ check it · page 2")
    assert seen["VAT ID"] == seen["Date"] == ("", "– not found")
    assert len(app.image) == 1
    assert "On the page: “EO-88”" in words(app)
    job = job_of(app)
    app = fine(app.selectbox(key=f"mark-{job.id}-0").set_value("total").run())
    assert app.number_input[0].value == 2
    assert "Framed: the chosen value" in words(app)


def edited(app: AppTest, key: str, rows: dict) -> AppTest:
    app.session_state[key] = {"edited_rows": rows, "added_rows": [], "deleted_rows": []}
    return fine(app.run())


def test_a_correction_is_kept_typed_and_signed() -> None:
    app = done(GOOD)
    app = fine(app.text_input(key="signature").set_value("Jane Doe").run())
    job = job_of(app)
    app = edited(app, f"edit-{job.id}-0-0", {2: {"Value": "1.234,50"}})
    (result,) = job.results()
    assert result is not None
    assert result.data["total"] == 1234.5
    assert app.dataframe[0].value["Value"][2] == "1234.50"
    assert app.dataframe[0].value["How sure"][2] == "✎ corrected"
    saved = pdf_app.BUILT[-1].repository.get_sync(result.db_id or 0)
    assert [(one.who, one.before, one.after) for one in saved.corrections] == [
        ("Jane Doe", 89.9, 1234.5)
    ]


def test_a_field_that_was_not_found_can_be_filled_in() -> None:
    app = done(GOOD)
    job = job_of(app)
    edited(app, f"edit-{job.id}-0-0", {5: {"Value": "DE136695976"}})
    (result,) = job.results()
    assert result is not None
    assert result.data["vat_id"] == "DE136695976"
    saved = pdf_app.BUILT[-1].repository.get_sync(result.db_id or 0)
    assert (saved.data["vat_id"], saved.corrections[0].before) == ("DE136695976", None)
    assert not fine(app.run()).error


def test_a_value_that_somebody_else_changed_is_told_and_shown() -> None:
    app = done(GOOD)
    job = job_of(app)
    repository = pdf_app.BUILT[-1].repository
    repository.correct_sync(1, "invoice_number", "theirs", who="John")
    app = edited(app, f"edit-{job.id}-0-0", {0: {"Value": "mine"}})
    assert "was changed by John" in app.error[0].value
    assert app.dataframe[0].value["Value"][0] == "theirs"
    assert not fine(app.run()).error


def test_all_documents_can_be_changed_in_one_table() -> None:
    second = ("second.pdf", pdf("second"), PDF)
    app = view(done(GOOD, second), "As a table")
    job = job_of(app)
    table = app.dataframe[0].value
    assert list(table["File"]) == ["good.pdf", "second.pdf"]
    edited(app, f"sheet-{job.id}-0", {1: {"field invoice_number": "X-1", "field iban": "DE1"}})
    results = job.results()
    assert results[0] is not None
    assert results[1] is not None
    assert results[0].data["invoice_number"] == "EO-88"
    assert (results[1].data["invoice_number"], results[1].data["iban"]) == ("X-1", "DE1")


def test_downloads_hold_every_file_in_the_order_of_the_fields() -> None:
    app = done(GOOD, BAD)
    job = job_of(app)
    assert [one.label for one in app.get("download_button")] == ["Excel", "CSV", "JSON"]
    data = download(job, "csv", evidence=True)()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == ["good.pdf", "bad.pdf"]
    assert rows[0]["total"] == "89.90"
    assert rows[0]["total quote"] == "89.90"
    assert len(json.loads(download(job, "json", evidence=False)())) == 2
    assert download(job, "xlsx", evidence=False)()[:2] == b"PK"


def test_history_lists_searches_and_shows_corrections() -> None:
    done(GOOD)
    pdf_app.BUILT[-1].repository.correct_sync(1, "total", 5.0, who="Jane Doe")
    history = opened(view="history")
    assert list(history.dataframe[0].value["Document"]) == ["good.pdf"]
    found = fine(history.text_input(key="words").set_value("invoice").run())
    assert "1 page" in words(found)
    document = button(found, "hit-0")
    assert document.query_params["document"] in ("1", ["1"])
    told = words(document)
    assert "Jane Doe · Total: 89.9 → 5.0" in told
    assert words(button(document, "list")).startswith("History")
    none = fine(opened(view="history").text_input(key="words").set_value("nowhere").run())
    assert "No page holds all these words" in words(none)


def test_unknown_ids_in_the_address_are_told() -> None:
    for job_id in ("x" * 16, "../../etc", "<b>"):
        app = opened(job=job_id)
        assert "not here any more" in app.error[0].value
    for number in ("99", "-1", "x", "9" * 40):
        assert "id" in opened(view="history", document=number).error[0].value


def test_two_people_have_their_own_batches_and_share_the_history() -> None:
    first, second = done(GOOD), done(("other.pdf", pdf("other"), PDF))
    assert job_of(first).id != job_of(second).id
    assert len(pdf_app.BUILT) == 1
    assert "1 of 1 file read" in words(fine(first.run()))
    assert len(opened(view="history").dataframe[0].value) == 2


def test_a_removed_batch_is_gone_with_its_uploads_and_the_history_stays() -> None:
    app = done(GOOD)
    folder = job_of(app).folder.path
    app = button(app, "remove")
    assert not folder.exists()
    assert app.title[0].value == "New batch"
    assert len(opened(view="history").dataframe[0].value) == 1


def test_a_batch_that_cannot_go_on_says_why_and_has_a_button() -> None:
    app = begun(WAIT)
    job = job_of(app)
    (job.folder.path / "log.jsonl").symlink_to("/dev/full")
    pdf_app.GO.set()
    until(lambda: job.progress().state == "stopped")
    app = fine(app.run())
    assert "No space left" in app.error[0].value
    (job.folder.path / "log.jsonl").unlink()
    app = button(app, "resume")
    until(lambda: job.progress().state == "done")


def test_a_full_disk_refuses_the_upload_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened()
    real = Path.open

    def full(path: Path, mode: str = "r", *more: object, **named: object) -> object:
        if path.parent.name == "files" and mode == "xb":
            return open("/dev/full", "wb")
        return real(path, mode, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    app = uploaded(app, GOOD)
    assert "good.pdf" in app.error[0].value
    assert "No space left" in app.error[0].value
    assert job_of(app).folder.uploads == []


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_read(name: str) -> None:
    assert parse(PRESETS[name]).names


def test_a_field_list_that_is_none_is_refused_with_the_reason() -> None:
    for text in ("", "# only this", "[", "x" * 200_000, "a: &a [*a]", "- 1\n- {}"):
        with pytest.raises(UserError):
            parse(text)


def test_what_people_type_keeps_the_kind_of_what_was_there() -> None:
    assert typed_like("1.234,50", 1.0) == 1234.5
    assert typed_like("1,234.50", Decimal(1)) == Decimal("1234.50")
    assert typed_like("1 234,5", 1.0) == 1234.5
    assert typed_like("12", 3) == 12
    assert typed_like("about 12", 3) == "about 12"
    assert typed_like("2026-01-02", dt.date(2025, 1, 1)) == dt.date(2026, 1, 2)
    assert typed_like("a | b", ["x"]) == ["a", "b"]
    assert typed_like("true", False) is True
    assert typed_like(" ", "x") is None
    assert typed_like(" y ", None) == "y"
    assert typed_like('[{"a": 1}]', [{"a": 2}]) == [{"a": 1}]
    assert shown(89.9, "amount") == "89.90"


def test_words_are_for_people() -> None:
    assert set(OUTCOMES) == set(OutcomeName.__args__)  # type: ignore[attr-defined]
    assert all(said.advice for name, said in OUTCOMES.items() if name != "OK")
    assert len({confidence_word(n / 10) for n in range(11)}) == 3
    assert [label(name) for name in ("invoice_number", "vat_id", "_")] == [
        "Invoice number",
        "VAT ID",
        "_",
    ]
    assert file_size(0) == "0 kB"
    assert escaped("a*b_[x](http://y)") == "A\\*b\\_\\[x\\](http\\://y)"


def test_the_server_is_told_to_stay_at_home() -> None:
    told = options("127.0.0.1", 8501)
    assert told["server_address"] == "127.0.0.1"
    assert told["browser_gatherUsageStats"] is False
    assert told["server_headless"] is True
    assert told["server_fileWatcherType"] == "none"
