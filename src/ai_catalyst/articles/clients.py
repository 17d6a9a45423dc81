"""One provider asked about one text: thin clients on `LLMProvider`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ai_catalyst.analysis import Analysis, ModelAnalyst
from ai_catalyst.analysis.plain import safe_text
from ai_catalyst.analysis.prompts import fenced, fill, prompt
from ai_catalyst.articles.model import Page
from ai_catalyst.engine import run_sync, run_sync_iter
from ai_catalyst.errors import UserError
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.endpoints import from_environment
from ai_catalyst.model import Document

if TYPE_CHECKING:
    from ai_catalyst.store import Store

__all__ = [
    "AsyncClaudeClient",
    "AsyncMistralClient",
    "AsyncOpenAIClient",
    "ClaudeClient",
    "MistralClient",
    "OpenAIClient",
]

STREAM_CHARS = 400_000


class _Client:
    """What the clients share: one endpoint, found by a provider's usual variables."""

    provider: ClassVar[str]

    def __init__(
        self,
        api_key: str | None = None,
        *,
        model: str | None = None,
        base_url: str | None = None,
        max_tokens: int = 3_000,
        temperature: float | None = None,
        budget_usd: float | None = None,
        store: Store | None = None,
    ) -> None:
        """Take the key, else that of the environment, as model and base URL; open nothing yet."""
        key = api_key or os.environ.get(f"{self.provider}_API_KEY")
        if not key:
            raise UserError(f"no key: give api_key, or set {self.provider}_API_KEY")
        told = {
            f"{self.provider}_API_KEY": key,
            f"{self.provider}_MODEL": model or os.environ.get(f"{self.provider}_MODEL", ""),
            f"{self.provider}_BASE_URL": base_url
            or os.environ.get(f"{self.provider}_BASE_URL", ""),
        }
        self._llm = LLMProvider(from_environment(told), budget_usd=budget_usd, store=store)
        self._max_tokens = max_tokens
        self._temperature = temperature

    async def _analyze(self, content: str | Page) -> Analysis:
        analyst = ModelAnalyst(
            self._llm, max_tokens=self._max_tokens, temperature=self._temperature
        )
        return await analyst.analyse(_document(content))

    async def _analyze_stream(self, content: str | Page) -> AsyncIterator[str]:
        document = _document(content)
        asked = fill(
            "document",
            title=fenced(safe_text(document.title, 300)) or "(none)",
            text=fenced(safe_text(document.text, STREAM_CHARS)),
        )
        pieces = self._llm.stream_async(
            asked,
            system=prompt("system"),
            max_tokens=self._max_tokens,
            temperature=self._temperature,
        )
        async for piece in pieces:
            yield piece


class _AsyncClient(_Client):
    """Asks one provider's model; use it with ``async with``, or call `close`.

    The key is ``api_key``, else the provider's variable. ``base_url`` is another server that speaks
    the same wire. Raises `UserError` without a key.
    """

    async def analyze(self, content: str | Page) -> Analysis:
        """Return the analysis of a text or page.

        Raises `AllEndpointsFailed`, `BudgetExceeded`, `PrivacyError`, `ProcessingError`.
        """
        return await self._analyze(content)

    async def analyze_stream(self, content: str | Page) -> AsyncIterator[str]:
        """Yield the pieces of the model's answer, a JSON object, as they come."""
        async for piece in self._analyze_stream(content):
            yield piece

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._llm.close()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        await self.close()


class _SyncClient(_Client):
    """The sync form of the client of the same name with ``Async`` before it."""

    def analyze(self, content: str | Page) -> Analysis:
        """Return the analysis of a text or page."""
        return run_sync(self._analyze(content))

    def analyze_stream(self, content: str | Page) -> Iterator[str]:
        """Yield the pieces of the model's answer as they come."""
        return run_sync_iter(self._analyze_stream(content))

    def close(self) -> None:
        """Close every pooled connection."""
        run_sync(self._llm.close())

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        self.close()


class AsyncClaudeClient(_AsyncClient):
    """Asks a model of Anthropic."""

    provider = "ANTHROPIC"


class AsyncMistralClient(_AsyncClient):
    """Asks a model of Mistral."""

    provider = "MISTRAL"


class AsyncOpenAIClient(_AsyncClient):
    """Asks a model of OpenAI."""

    provider = "OPENAI"


class ClaudeClient(_SyncClient):
    """The sync form of `AsyncClaudeClient`."""

    provider = "ANTHROPIC"


class MistralClient(_SyncClient):
    """The sync form of `AsyncMistralClient`."""

    provider = "MISTRAL"


class OpenAIClient(_SyncClient):
    """The sync form of `AsyncOpenAIClient`."""

    provider = "OPENAI"


def _document(content: str | Page) -> Document:
    """Return what is analysed."""
    if isinstance(content, str):
        return Document("text", content)
    meta: dict[str, Any] = {"language": content.language} if content.language else {}
    return Document(content.url or "page", content.text, content.title, "article", 1, meta)
