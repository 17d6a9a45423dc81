"""Articles: from a feed to a report worth reading, politely, safely, and never paying twice."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.articles.clients import (
        AsyncClaudeClient,
        AsyncMistralClient,
        AsyncOpenAIClient,
        ClaudeClient,
        MistralClient,
        OpenAIClient,
    )
    from ai_catalyst.articles.extraction import extract_page, extract_page_async
    from ai_catalyst.articles.feeds import RSSParser
    from ai_catalyst.articles.model import Article, Page
    from ai_catalyst.articles.processor import (
        ArticleProcessor,
        AsyncArticleProcessor,
        ContentProcessor,
    )
    from ai_catalyst.articles.result import ArticleResult
    from ai_catalyst.articles.robots import RobotsDisallowed, RobotsUnknown
    from ai_catalyst.articles.scraper import AsyncWebScraper, WebScraper

_HOMES = {
    "Article": "model",
    "ArticleProcessor": "processor",
    "ArticleResult": "result",
    "AsyncArticleProcessor": "processor",
    "AsyncClaudeClient": "clients",
    "AsyncMistralClient": "clients",
    "AsyncOpenAIClient": "clients",
    "AsyncWebScraper": "scraper",
    "ClaudeClient": "clients",
    "ContentProcessor": "processor",
    "MistralClient": "clients",
    "OpenAIClient": "clients",
    "Page": "model",
    "RSSParser": "feeds",
    "RobotsDisallowed": "robots",
    "RobotsUnknown": "robots",
    "WebScraper": "scraper",
    "extract_page": "extraction",
    "extract_page_async": "extraction",
}

__all__ = [
    "Article",
    "ArticleProcessor",
    "ArticleResult",
    "AsyncArticleProcessor",
    "AsyncClaudeClient",
    "AsyncMistralClient",
    "AsyncOpenAIClient",
    "AsyncWebScraper",
    "ClaudeClient",
    "ContentProcessor",
    "MistralClient",
    "OpenAIClient",
    "Page",
    "RSSParser",
    "RobotsDisallowed",
    "RobotsUnknown",
    "WebScraper",
    "extract_page",
    "extract_page_async",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
