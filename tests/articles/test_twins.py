"""Every class of the wing has its sync form, with the same methods and arguments."""

from __future__ import annotations

import inspect

import pytest

from ai_catalyst import articles
from ai_catalyst.articles.testing import Site, article_page
from ai_catalyst.errors import BlockingCallWarning

PAIRS = [name for name in articles.__all__ if name.startswith("Async")]


@pytest.mark.parametrize("name", PAIRS)
def test_the_sync_class_has_the_methods_of_the_async_one(name: str) -> None:
    ours, sync = getattr(articles, name), getattr(articles, name.removeprefix("Async"))
    for method, function in inspect.getmembers(ours, inspect.isfunction):
        if method.startswith("_"):
            continue
        if method in {"page_of", "kept_page"}:  # steps of fetch_content, for who composes them
            continue
        wanted = list(inspect.signature(function).parameters)
        assert list(inspect.signature(getattr(sync, method)).parameters) == wanted, method


@pytest.mark.loop_guard(5, reason="the sync form blocks the loop, and says so")
async def test_a_sync_form_in_a_running_loop_works_and_names_the_async_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CATALYST_ALLOW_HOSTS", "127.0.0.1")
    with Site({"/page": article_page(1)}) as site:
        scraper = articles.WebScraper(robots=False)
        with pytest.warns(BlockingCallWarning, match="fetch"):
            assert scraper.fetch(f"{site.url}/page").status == 200
        with pytest.warns(BlockingCallWarning):
            scraper.close()
