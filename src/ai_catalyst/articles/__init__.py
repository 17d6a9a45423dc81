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
    from ai_catalyst.articles.discovery import (
        FeedLink,
        feeds_of_page,
        feeds_of_page_async,
        usual_feeds,
    )
    from ai_catalyst.articles.extraction import extract_page, extract_page_async
    from ai_catalyst.articles.feed_state import FeedState, FeedStates
    from ai_catalyst.articles.feeds import RSSParser
    from ai_catalyst.articles.model import Article, Page
    from ai_catalyst.articles.opml import Subscription, opml_of, parse_opml
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
    "FeedLink": "discovery",
    "FeedState": "feed_state",
    "FeedStates": "feed_state",
    "MistralClient": "clients",
    "OpenAIClient": "clients",
    "Page": "model",
    "RSSParser": "feeds",
    "RobotsDisallowed": "robots",
    "RobotsUnknown": "robots",
    "Subscription": "opml",
    "WebScraper": "scraper",
    "extract_page": "extraction",
    "extract_page_async": "extraction",
    "feeds_of_page": "discovery",
    "feeds_of_page_async": "discovery",
    "opml_of": "opml",
    "parse_opml": "opml",
    "usual_feeds": "discovery",
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
    "FeedLink",
    "FeedState",
    "FeedStates",
    "MistralClient",
    "OpenAIClient",
    "Page",
    "RSSParser",
    "RobotsDisallowed",
    "RobotsUnknown",
    "Subscription",
    "WebScraper",
    "extract_page",
    "extract_page_async",
    "feeds_of_page",
    "feeds_of_page_async",
    "opml_of",
    "parse_opml",
    "usual_feeds",
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
