"""An analyst as the settings want it: for the command line and a cluster's workers alike."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from ai_catalyst.analysis.analyst import Analyst, ModelAnalyst
from ai_catalyst.analysis.extractive import ExtractiveAnalyst
from ai_catalyst.errors import AllEndpointsFailed

if TYPE_CHECKING:
    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.llm.quotas import Quotas
    from ai_catalyst.settings import Settings

__all__ = ["analyst_of", "open_provider"]


async def open_provider(
    stack: AsyncExitStack, settings: Settings, store: Any, *, quotas: Quotas | None = None
) -> LLMProvider | None:
    """Return the models to ask, closed with ``stack``; None when there are none, or none wanted.

    Raises `AllEndpointsFailed` when a model is named and no endpoint is known.
    """
    if settings.model == "none":
        return None
    from ai_catalyst.llm.configured import provider_of

    llm: LLMProvider = provider_of(settings, store, quotas=quotas)
    await stack.enter_async_context(llm)
    if await llm.endpoints_async():
        return llm
    if settings.model is not None:
        from ai_catalyst.llm.race import NOBODY

        raise AllEndpointsFailed(f"{NOBODY}; --model none reads without one")
    return None


def analyst_of(settings: Settings, llm: LLMProvider | None, *, concurrency: int) -> Analyst:
    """Return who analyses: the models, or nobody but rules; one at a time shares no calls."""
    if llm is None:
        return ExtractiveAnalyst()
    together = settings.async_.batch_size if concurrency > 1 else 1
    return ModelAnalyst(llm, model=settings.model, batch_size=together)
