"""The report as a person reads it: in a real browser, from the disk, under its own policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import browser_page, keep_picture, need_browser

from ai_catalyst.analysis import Analysis, ReportRow, write_reports
from ai_catalyst.analysis.reports.html import HtmlReport

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
ARTICLES = 500


def rows() -> Iterator[ReportRow]:
    for n in range(1, ARTICLES + 1):
        analysis = Analysis(
            summary=f"The gauge at pier {n} was read. {HOSTILE if n == 7 else ''}",
            topics=["tides", "Straße" if n % 2 else "harbours", HOSTILE],
            entities={"people": [HOSTILE]},
            method="tiny-1",
        )
        title = HOSTILE if n == 7 else f"Crème brûlée at pier {n}" if n == 9 else f"Pier {n}"
        like = 3 if n == 400 else None
        yield ReportRow(n, f"https://example.org/{n}", title, analysis=analysis, like=like)
    yield ReportRow(ARTICLES + 1, "javascript:alert(1)", HOSTILE, error=HOSTILE)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    async def stream() -> AsyncIterator[ReportRow]:
        for each in rows():
            yield each

    return asyncio.run(write_reports(stream, tmp_path_factory.mktemp("r"), [HtmlReport]))[0]


def shown(page: Page) -> int:
    return page.locator(".story:visible").count()


def search(page: Page, words: str) -> int:
    page.get_by_label("Search").fill(words)
    page.wait_for_timeout(150)
    return shown(page)


def test_the_page_searches_filters_and_runs_nothing_of_its_documents(
    report: Path, tmp_path: Path
) -> None:
    need_browser()
    with browser_page(tmp_path / "profile") as (page, complaints):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        assert shown(page) == ARTICLES - 1  # one of them stands under another
        assert search(page, "creme BRULEE") == 1
        assert "pier 9" in page.locator(".story:visible h2").inner_text()
        assert page.get_by_role("status").inner_text() == f"1 of {ARTICLES - 1} shown"
        assert page.locator("nav li:visible").count() == 2  # the failed one always stands there
        assert search(page, "pier 400") == 1
        assert page.locator("#a400").is_visible(), "what was found under another is opened"
        assert search(page, "zeppelin") == 0
        assert page.get_by_text("Nothing here has these words.").is_visible()
        page.keyboard.press("Escape")
        assert shown(page) == ARTICLES - 1
        page.locator("h1").click()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "search"
        chip = page.get_by_role("button", name="harbours")
        chip.click()
        assert shown(page) == ARTICLES // 2  # 249 of its own, and one that stands under another
        assert chip.get_attribute("aria-pressed") == "true"
        chip.click()
        assert shown(page) == ARTICLES - 1
        page.get_by_role("button", name="Straße").click()
        assert shown(page) == ARTICLES // 2
        page.keyboard.press("Escape")
        assert page.title() == f"{ARTICLES} documents read"
        assert complaints == []
        assert asked == [report.as_uri()]
        page.evaluate("scrollTo(0, 0)")
        page.set_viewport_size({"width": 1100, "height": 800})
        assert keep_view(page, "report-light", tmp_path).exists()


def keep_view(page: Page, name: str, folder: Path) -> Path:
    """Keep a picture of what is seen first: the whole of 500 articles is a picture of a minute."""
    page.evaluate(
        "for (const one of [...document.querySelectorAll('.story')].slice(5)) one.remove()"
    )
    return keep_picture(page, name, folder)


def test_markup_that_slipped_through_would_still_not_run(report: Path, tmp_path: Path) -> None:
    need_browser()
    bad = tmp_path / "bad.html"
    inserted = (
        "<body><script>document.title = 'owned'</script><p style='color: red'>x</p>"
        '<img src=x onerror="document.title = \'owned\'"><a href="javascript:owned()" id=js>x</a>'
    )
    bad.write_text(report.read_text("utf-8").replace("<body>", inserted, 1), "utf-8")
    with browser_page(tmp_path / "profile") as (page, complaints):
        page.goto(bad.as_uri())
        assert page.title() == f"{ARTICLES} documents read"
        assert sum("Content Security Policy" in line for line in complaints) >= 3
        assert search(page, "pier 12 ") > 0


def test_dark_and_light_follow_the_reader_and_can_be_changed(report: Path, tmp_path: Path) -> None:
    need_browser()
    with browser_page(tmp_path / "profile", dark=True) as (page, complaints):
        page.goto(report.as_uri())
        colour = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(colour)
        page.get_by_role("button", name="Light or dark").click()
        assert page.evaluate(colour) == "rgb(253, 252, 249)" != dark
        page.emulate_media(media="print")
        assert not page.locator(".controls").is_visible()
        assert complaints == []
