"""`LLMProvider`: one object that asks models, wherever they are."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from ai_catalyst.engine.bridge import twin
from ai_catalyst.errors import AllEndpointsFailed, EndpointError, EndpointTimeout
from ai_catalyst.llm.call import Answer, Call, Prompt, messages_of
from ai_catalyst.llm.completion import Attempt, Completion, Usage
from ai_catalyst.llm.endpoints import Endpoint, as_endpoint, from_environment, in_tier_order
from ai_catalyst.llm.wires import wire_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LLMProvider"]

Failover = Literal["sequential", "concurrent", "hedged"]


class LLMProvider:
    """Asks models of three tiers, nearest first, and fails over between them."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint | Mapping[str, Any]] | None = None,
        *,
        failover: Failover | None = None,
        timeout: float | None = None,
        budget_usd: float | None = None,
        privacy: Literal["auto", "off"] = "auto",
        store: Any = None,
    ) -> None:
        """Take endpoints, or find them in the environment."""
        found = from_environment() if endpoints is None else map(as_endpoint, endpoints)
        self._endpoints = in_tier_order(found)
        self._timeout = timeout
        self._session: Any = None

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints, in the order they are asked."""
        return list(self._endpoints)

    async def generate_async(
        self,
        prompt: Prompt,
        *,
        system: str | None = None,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        schema: Any = None,
        failover: Failover | None = None,
    ) -> Completion:
        """Return one completion; raises `AllEndpointsFailed` when nobody answers."""
        call = Call(messages_of(prompt), system, model, max_tokens, temperature)
        attempts: list[Attempt] = []
        started = time.monotonic()
        last: Exception | None = None
        for endpoint in self._endpoints:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(self._timeout or 15.0):
                    answer = await self._ask(endpoint, call)
            except TimeoutError as error:
                last = EndpointTimeout(f"{endpoint.name} did not answer", endpoint=endpoint.name)
                last.__cause__ = error
                attempts.append(
                    Attempt(endpoint.name, "timeout", str(last), time.monotonic() - begun)
                )
            except EndpointError as error:
                last = error
                attempts.append(
                    Attempt(endpoint.name, "failed", str(error), time.monotonic() - begun)
                )
            else:
                attempts.append(Attempt(endpoint.name, "ok", None, time.monotonic() - begun))
                return Completion(
                    answer.text,
                    endpoint.name,
                    endpoint.tier,
                    answer.model or model or endpoint.model or "",
                    Usage(answer.prompt_tokens or 0, answer.completion_tokens or 0),
                    latency_s=time.monotonic() - started,
                    attempts=attempts,
                )
        raise AllEndpointsFailed("no endpoint gave an answer", attempts) from last

    generate = twin(generate_async)

    async def _ask(self, endpoint: Endpoint, call: Call) -> Answer:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        wire = wire_for(endpoint.wire)
        body = wire.encode(call, call.model or endpoint.model, endpoint.host, stream=False)
        headers = {"Content-Type": "application/json", **wire.headers(endpoint.key)}
        try:
            async with self._session.post(
                endpoint.url + wire.chat, data=body, headers=headers
            ) as response:
                data = await response.read()
                if response.status != 200:
                    raise EndpointError(
                        f"{endpoint.name} answered {response.status}",
                        endpoint=endpoint.name,
                        status=response.status,
                    )
                return wire.decode(data)
        except (aiohttp.ClientError, OSError, msgspec.MsgspecError, ValueError) as error:
            raise EndpointError(
                f"{endpoint.name} failed: {type(error).__name__}", endpoint=endpoint.name
            ) from error

    async def close(self) -> None:
        """Close every pooled connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def __aenter__(self) -> Self:
        """Return self."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        await self.close()
