"""The PDF app as a person uses it: the real program, a real browser, one full pass."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from program import Catalyst
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SEEN = """
window.seen = [];
new MutationObserver(() => {
    const bar = document.querySelector('[data-testid="stProgress"]');
    if (bar && window.seen.at(-1) !== bar.innerText) window.seen.push(bar.innerText);
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


def needed(what: str, there: bool) -> None:
    """Skip with the reason; in CI, where everything is installed, fail."""
    if not there:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{what} is not installed")
        pytest.skip(f"{what} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def invoice(path: Path, number: str, total: float, pages: int = 1) -> None:
    page = canvas.Canvas(str(path), pagesize=A4)
    lines = [
        (780, "Example Office GmbH"),
        (764, "1 Example Street, 10115 Sampletown"),
        (700, "Jane Doe, 2 Test Lane, 12345 Nowhere"),
        (640, f"Invoice number: {number}"),
        (624, "Invoice date: 14 March 2026"),
        (500, f"Net {total / 1.19:.2f} EUR"),
        (484, f"VAT 19 % {total - total / 1.19:.2f} EUR"),
        (468, f"Total {total:.2f} EUR"),
    ]
    for number_of_page in range(1, pages + 1):
        for height, text in lines if number_of_page == 1 else [(780, f"page {number_of_page}")]:
            page.drawString(60, height, text)
        page.showPage()
    page.save()


class App:
    """The program under test, its address and its folder."""

    def __init__(self, catalyst: Catalyst) -> None:
        self.catalyst = catalyst
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        process = self.catalyst.start("app", "pdf", "--port", str(self.port))
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2).close()
                return process
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the app did not start: {process.communicate(timeout=5)[1]}")
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def app(catalyst: Catalyst) -> App:
    needed("the extra `pdf-app`", _has("streamlit"))
    return App(catalyst)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    needed("playwright", _has("playwright"))
    needed("chromium", Path(CHROMIUM).exists())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "browser",
            executable_path=CHROMIUM,
            headless=True,
            args=list(QUIET),
            viewport={"width": 1360, "height": 1000},
            accept_downloads=True,
        )
        browser.set_default_timeout(45_000)
        opened = browser.new_page()
        opened.add_init_script(SEEN)
        yield opened
        opened.screenshot(path=artefact("pdf-app-last.png", tmp_path))
        browser.close()


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def artefact(name: str, folder: Path) -> Path:
    """Return where a picture of the test is kept: ``CATALYST_ARTEFACTS``, else its own folder."""
    kept = Path(os.environ.get("CATALYST_ARTEFACTS", folder))
    kept.mkdir(parents=True, exist_ok=True)
    return kept / name


def test_upload_watch_correct_download_reload(app: App, page: Page, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("broken.pdf", "long.pdf", "short.pdf")]
    files[0].write_bytes(b"%PDF-1.7\nno pages here")
    invoice(files[1], "EO-77", 1234.5, pages=120)
    invoice(files[2], "EO-88", 89.9)
    page.goto(app.url)
    page.get_by_role("heading", name="New batch").wait_for()
    page.locator("input[type=file]").set_input_files([str(file) for file in files])
    page.get_by_role("button", name="Extract from 3 files").click()

    page.get_by_text("2 of 3 files read").wait_for()
    seen = page.evaluate("window.seen")
    assert any(re.search(r"\d of 3 files", text) for text in seen), seen
    assert re.search(r"job=[\w-]{16}", page.url)

    page.get_by_text("Failed (1)").click()
    page.get_by_text("broken.pdf · Broken").wait_for()
    page.get_by_text("Beside the page").click()
    page.get_by_role("img", name="Page 1 of long.pdf").wait_for()
    page.screenshot(path=artefact("pdf-app.png", tmp_path))

    table = page.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    table.dblclick(position={"x": 170, "y": 35 + 17})  # the value of the first field
    page.locator("#portal textarea, #portal input").first.fill("EO-CORRECTED")
    page.keyboard.press("Enter")
    page.get_by_text("Kept: Invoice number").wait_for()
    page.locator('[data-test-script-state="notRunning"]').wait_for()

    got: dict[str, Path] = {}
    for kind, title in (("xlsx", "Excel"), ("csv", "CSV"), ("json", "JSON")):
        with page.expect_download() as download:
            page.get_by_role("button", name=title, exact=False).last.click()
        got[kind] = tmp_path / f"got.{kind}"
        download.value.save_as(got[kind])
    rows = list(csv.DictReader(got["csv"].read_text("utf-8-sig").splitlines()))
    by_name = {row["file"]: row for row in rows}
    assert [row["file"] for row in rows] == ["broken.pdf", "long.pdf", "short.pdf"]
    assert by_name["long.pdf"]["invoice_number"] == "EO-CORRECTED"
    assert by_name["short.pdf"]["invoice_number"] == "EO-88"
    assert by_name["broken.pdf"]["outcome"] == "MALFORMED"
    assert [one["file"] for one in json.loads(got["json"].read_text("utf-8"))] == list(by_name)
    sheet = load_workbook(got["xlsx"])["Documents"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == list(by_name)

    page.reload()
    page.get_by_text("2 of 3 files read").wait_for()
    page.get_by_text("History and search").click()
    page.get_by_label("Search the text of all documents").fill("EO-88")
    page.keyboard.press("Enter")
    page.get_by_text("short.pdf · page 1").wait_for()


def test_a_killed_app_has_everything_when_it_is_started_again(
    app: App, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "one.pdf"
    invoice(file, "EO-1", 10.0)
    page.goto(app.url)
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_role("button", name="Extract from 1 file").click()
    page.get_by_text("1 of 1 file read").wait_for()
    address = page.url
    app.kill()
    app.process = app.start()
    page.goto(address)
    page.get_by_text("1 of 1 file read").wait_for()
    page.get_by_role("img", name="Page 1 of one.pdf").wait_for()


def test_it_listens_on_this_machine_only_and_ends_on_ctrl_c(app: App) -> None:
    with socket.socket() as other:
        other.settimeout(2)
        mine = socket.gethostbyname(socket.gethostname())
        if not mine.startswith("127."):
            assert other.connect_ex((mine, app.port)) != 0
    app.process.send_signal(signal.SIGINT)
    _, said = app.process.communicate(timeout=30)
    assert app.url in said
    assert "Traceback" not in said


def test_a_port_in_use_is_named(catalyst: Catalyst) -> None:
    needed("the extra `pdf-app`", _has("streamlit"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port}" in catalyst("app", "pdf", "--port", port, exits=2).stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['streamlit'] = None; sys.argv = ['catalyst', 'app', 'pdf']\n"
        "from ai_catalyst.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "pip install '.[pdf-app]'" in done.stderr
