"""A provider as the settings want it: for the command line and the service alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.llm.endpoints import Endpoint
from ai_catalyst.llm.provider import LLMProvider

if TYPE_CHECKING:
    from ai_catalyst.llm.quotas import Quotas
    from ai_catalyst.settings import Settings

__all__ = ["provider_of"]


def provider_of(
    settings: Settings, store: Any = None, *, quotas: Quotas | None = None
) -> LLMProvider:
    """Return a provider with the endpoints of the settings, else of the environment.

    With the model ``none`` it has no endpoint at all. ``quotas`` is for those who share limits.
    """
    given: list[Endpoint] = []
    for endpoint in settings.endpoints:
        fields = endpoint.model_dump()
        if endpoint.key is not None:
            fields["key"] = endpoint.key.get_secret_value()
        given.append(Endpoint(**fields))
    nobody_named = not given and settings.model != "none"
    return LLMProvider(
        None if nobody_named else given,
        failover=settings.failover,
        api_timeout=settings.api_timeout,
        api_provider=settings.api_provider,
        streaming=settings.async_.use_streaming,
        budget_usd=settings.budget_usd,
        privacy=settings.privacy,
        store=store,
        quotas=quotas,
    )
