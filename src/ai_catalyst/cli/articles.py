"""``catalyst test-rss`` and ``test-api``: does this feed, do these models answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.terminal import count, money, print_json, short, table

if TYPE_CHECKING:
    from ai_catalyst.llm import Endpoint
    from ai_catalyst.settings import Settings

__all__ = ["check_api", "check_rss"]

QUESTION = "Answer with the one word: ready"
ANSWER_TOKENS = 256
"""Enough for a model that thinks first."""


def check_rss(
    url: Annotated[str, typer.Argument(help="A feed's address, or a file.")],
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many entries.")] = 10,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A private host that may be read.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read one feed and show what is in it; nothing is kept, no model is asked."""
    import asyncio

    from ai_catalyst.settings import load_settings

    settings, _ = load_settings({"allow_hosts": allow_host or None}, config=config)
    entries = asyncio.run(_entries(settings, url))
    figures = {
        "feed": url,
        "title": next((entry["feed_title"] for entry in entries if entry["feed_title"]), ""),
        "entries": len(entries),
        "whole": sum(entry["whole"] for entry in entries),
        "without_link": sum(not entry["url"] for entry in entries),
    }
    if as_json:
        print_json({**figures, "articles": entries[:limit]})
        return
    typer.echo(f"{figures['title'] or url}: {count(len(entries), 'entry', 'entries')}")
    typer.echo(
        f"{figures['whole']} with their whole text, {figures['without_link']} without a link"
    )
    table(
        ("published", "title", "address"),
        [
            ((each["published"] or "–")[:10], short(each["title"], 60), short(each["url"], 60))
            for each in entries[:limit]
        ],
    )


async def _entries(settings: Settings, url: str) -> list[dict[str, Any]]:
    from ai_catalyst.articles.feeds import RSSParser
    from ai_catalyst.articles.reading import is_whole
    from ai_catalyst.cli.web import http_of

    async with http_of(settings) as http, RSSParser(http=http) as parser:
        articles = await parser.parse_feed_async(url)
    names = ("title", "url", "published", "guid", "authors", "tags", "feed_title")
    return [
        {
            **{name: getattr(article, name) for name in names},
            "whole": is_whole(article.text or article.content, bool(article.content)),
        }
        for article in articles
    ]


def check_api(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Ask every configured model one short question; says which answer, how fast, for how much."""
    import asyncio

    from ai_catalyst.cli.exits import ALL_DONE, NO_ENDPOINT, SOME_FAILED
    from ai_catalyst.settings import load_settings

    settings, _ = load_settings(config=config)
    found = asyncio.run(_ask_all(settings))
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("no model is configured, and none answers on this machine's usual ports")
        typer.echo("start Ollama, set CATALYST_LOCAL_URL, or set a provider's key:")
        typer.echo("docs/how-to/models.md has an example of each")
    else:
        table(
            ("endpoint", "tier", "model", "answers", "cost", "address"),
            [
                (
                    each["endpoint"],
                    each["tier"],
                    each["model"] or "–",
                    each["error"] or f"in {each['seconds']:.2f} s",
                    money(each["cost_usd"]),
                    each["url"],
                )
                for each in found
            ],
        )
    answering = sum(each["ok"] for each in found)
    if not answering:
        return NO_ENDPOINT
    return ALL_DONE if answering == len(found) else SOME_FAILED


async def _ask_all(settings: Settings) -> list[dict[str, Any]]:
    from ai_catalyst.engine import Batch
    from ai_catalyst.llm.configured import provider_of

    async with provider_of(settings) as llm:
        endpoints = await llm.endpoints_async()

    async def ask(endpoint: Endpoint) -> dict[str, Any]:
        return await _ask(settings, endpoint)

    async with Batch(ask, endpoints, max(1, len(endpoints)), ordered=True) as batch:
        return [outcome.unwrap() async for outcome in batch]


async def _ask(settings: Settings, endpoint: Endpoint) -> dict[str, Any]:
    import time

    from ai_catalyst.errors import CatalystError
    from ai_catalyst.llm import LLMProvider

    told: dict[str, Any] = {
        "endpoint": endpoint.name,
        "tier": endpoint.tier,
        "url": endpoint.url,
        "model": endpoint.model,
        "ok": False,
        "error": None,
        "cost_usd": 0.0,
    }
    started = time.monotonic()
    options: dict[str, Any] = {"api_timeout": settings.api_timeout, "privacy": settings.privacy}
    async with LLMProvider([endpoint], budget_usd=settings.budget_usd, **options) as llm:
        try:
            answer = await llm.generate_async(QUESTION, max_tokens=ANSWER_TOKENS)
            told |= {"ok": True, "model": answer.model, "cost_usd": answer.cost_usd}
        except CatalystError as error:
            attempts = getattr(error, "attempts", ())
            told["error"] = next((one.error for one in attempts if one.error), str(error))
    return told | {"seconds": round(time.monotonic() - started, 3)}
