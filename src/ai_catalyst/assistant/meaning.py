"""Search by meaning, when the settings say so: where vectors come from, and when they are made."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ai_catalyst.errors import CatalystError
from ai_catalyst.llm.onnx import OnnxEmbedder
from ai_catalyst.store.vectors import Embedder, HybridSearch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.store.search import Hit, PassageSearch

__all__ = ["EndpointEmbedder", "Searcher", "embedder_of"]

log = logging.getLogger(__name__)

IDLE_S = 2.0


class EndpointEmbedder:
    """Vectors from the first endpoint that has them; the gate stands before it."""

    def __init__(self, llm: LLMProvider) -> None:
        """Use the provider."""
        self._llm = llm
        self.name = "endpoint"

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector a text. Raises `EndpointError` and `PrivacyError`."""
        return await self._llm.embed_async(texts)


def embedder_of(setting: str, llm: LLMProvider) -> Embedder | None:
    """Return what makes vectors: nothing, the endpoints, or the model in a folder."""
    if not setting:
        return None
    return EndpointEmbedder(llm) if setting == "endpoint" else OnnxEmbedder(setting)


class Searcher:
    """Searches by words, and by meaning where that is set up and works."""

    def __init__(self, words: PassageSearch, hybrid: HybridSearch | None) -> None:
        """Use both, or words alone."""
        self._words = words
        self._hybrid = hybrid

    async def search(
        self, question: str, collections: Iterable[str], *, limit: int = 10
    ) -> list[Hit]:
        """Return the passages that answer best; a model that is down leaves the words."""
        places = list(collections)
        if self._hybrid is not None:
            try:
                return await self._hybrid.search(question, places, limit=limit)
            except CatalystError as error:
                log.warning("searching by words alone: %s", type(error).__name__)
        return await self._words.search(question, places, limit=limit)

    async def section(
        self, documents: Sequence[str], heading: str, collections: Iterable[str]
    ) -> list[Hit]:
        """Return what documents have under headings that end so; see `PassageSearch.section`."""
        return await self._words.section(documents, heading, collections)

    async def run(self) -> None:
        """Make vectors for whatever has none, until cancelled."""
        if self._hybrid is None:
            return
        while True:
            filled = 0
            try:
                filled = await self._hybrid.fill()
            except CatalystError as error:
                log.warning("no vectors were made: %s", type(error).__name__)
            if not filled:
                await asyncio.sleep(IDLE_S)
