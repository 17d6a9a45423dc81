"""The console as a person uses it: the real service with two workers, a real browser."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import browser_page, free_port, keep_picture, need_browser
from program import Catalyst

from ai_catalyst.llm.testing import Behaviour, ModelServer

PASSWORD = "correct horse battery"
ANSWER = "Okapis live in the forest [1] and are shy [2]."


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer(Behaviour(text=ANSWER, gap_s=0.01)) as server:
        yield server


@pytest.fixture
def service(catalyst: Catalyst, model: ModelServer) -> Iterator[tuple[str, str]]:
    """Yield the service's address and the first administrator's link."""
    port = free_port()
    (catalyst.folder / "catalyst.yaml").write_text(
        f"endpoints:\n  - {{name: here, tier: local, url: '{model.url}', model: {model.model}}}\n"
    )
    log = catalyst.folder / "service.log"
    process = catalyst.start("serve", "--port", str(port), "--workers", "2", log=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(400):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{address}/health/ready", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.15)
    link = re.search(r"\S+/setup\?invitation=\S+", log.read_text())
    assert link is not None, log.read_text()
    yield address, link[0]
    process.terminate()
    assert process.wait(20) is not None


@pytest.mark.timeout(180)
def test_a_person_signs_up_uploads_asks_and_signs_out(
    service: tuple[str, str], tmp_path: Path
) -> None:
    need_browser()
    address, link = service
    (tmp_path / "okapi.md").write_text("# Okapi\n\nThe okapi lives in the forest.\n")
    (tmp_path / "shy.txt").write_text("The okapi is a shy animal.\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing that a reader knows")
    with browser_page(tmp_path / "profile") as (page, complaints):
        page.goto(address)
        assert page.url == f"{address}/login"
        keep_picture(page, "console-login", tmp_path)
        page.goto(link)
        page.get_by_label("E-mail").fill("ada@example.org")
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        page.get_by_label("E-mail").fill("ada@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Ask your documents").wait_for()

        page.get_by_role("link", name="Documents").click()
        names = ("okapi.md", "shy.txt", "broken.pdf")
        page.get_by_label("Add files").set_input_files([tmp_path / name for name in names])
        page.get_by_role("button", name="Upload").click()
        page.get_by_text("not read").wait_for()
        page.wait_for_function("document.querySelectorAll('.state.ready').length === 2")
        keep_picture(page, "console-documents", tmp_path)

        page.get_by_role("link", name="Search").click()
        page.get_by_label("Words").fill("shy okapi <script>alert(1)</script>")
        page.get_by_role("button", name="Search").click()
        page.locator("mark", has_text="okapi").first.wait_for()
        keep_picture(page, "console-search", tmp_path)

        page.get_by_role("link", name="Ask").click()
        page.get_by_label("Question").fill("Where does the okapi live?")
        page.get_by_role("button", name="Ask").click()
        page.get_by_text("Done", exact=True).wait_for()
        assert page.locator("#text").inner_text() == ANSWER
        assert page.locator("#sources li").count() == 2
        assert "okapi" in page.locator("#sources").inner_text().lower()
        keep_picture(page, "console-ask", tmp_path)

        for name, heading in (
            ("What left", "What left this machine"),
            ("People", "People"),
            ("Numbers", "Numbers"),
        ):
            page.get_by_role("link", name=name).click()
            page.get_by_role("heading", name=heading, exact=True).wait_for()
            keep_picture(page, f"console-{heading.split()[0].lower()}", tmp_path)

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="AI Catalyst").wait_for()
        page.goto(f"{address}/documents")
        assert page.url == f"{address}/login"
    assert complaints == []


def test_the_pages_work_by_keyboard_and_in_the_dark(
    service: tuple[str, str], tmp_path: Path
) -> None:
    need_browser()
    _, link = service
    with browser_page(tmp_path / "profile", dark=True) as (page, complaints):
        page.goto(link)
        page.get_by_label("E-mail").fill("ada@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("E-mail").fill("ada@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Ask your documents").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "question"
        page.keyboard.type("What is panic disorder?")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("Done", exact=True).wait_for()
        keep_picture(page, "console-dark", tmp_path)
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]),textarea,select,button')]"
            ".filter(e => !(e.labels && e.labels.length) && !e.innerText && !e.ariaLabel).length"
        )
        assert unnamed == 0
    assert complaints == []
