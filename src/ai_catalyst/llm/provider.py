"""`LLMProvider`: one object that asks models, wherever they are."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Literal, Self, cast
from weakref import WeakKeyDictionary

import msgspec

from ai_catalyst.engine import Batch, run_sync, twin, twin_iter
from ai_catalyst.io.sessions import warn_unclosed
from ai_catalyst.llm.bulk import Outcomes, PromptOutcome, decode, encode, key_of, label
from ai_catalyst.llm.call import Call, call_of, messages_of
from ai_catalyst.llm.completion import Completion, completion_of
from ai_catalyst.llm.discovery import LOCAL_PORTS, find_local
from ai_catalyst.llm.endpoints import as_endpoint, from_environment, in_tier_order
from ai_catalyst.llm.gate import Gate
from ai_catalyst.llm.health import EndpointHealth, examine
from ai_catalyst.llm.ledger import Ledger
from ai_catalyst.llm.memo import Memo
from ai_catalyst.llm.quotas import LocalQuotas
from ai_catalyst.llm.race import Race
from ai_catalyst.llm.route import Route, Sessions
from ai_catalyst.llm.schema import Schema
from ai_catalyst.llm.shared import Shared
from ai_catalyst.llm.sharing import Flights
from ai_catalyst.llm.streaming import pieces_of
from ai_catalyst.llm.timing import Failover, Limits, checked, limits_for
from ai_catalyst.llm.vectors import embed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence

    from ai_catalyst.engine import Journal, ProgressCallback
    from ai_catalyst.llm.budget import Budget
    from ai_catalyst.llm.call import Prompt
    from ai_catalyst.llm.endpoints import Endpoint
    from ai_catalyst.llm.leg import Result
    from ai_catalyst.llm.quotas import Quotas
    from ai_catalyst.privacy import Scrubber, Vault
    from ai_catalyst.store import RunStore

__all__ = ["LLMProvider"]


class LLMProvider:
    """Asks models of three tiers, the nearest first, and fails over between them.

    ``endpoints`` are `Endpoint` objects or mappings of their fields; None finds them in the
    environment, and otherwise a server on one of this machine's usual ports. ``failover`` is
    ``hedged`` (or what ``CATALYST_FAILOVER`` says), ``sequential`` or ``concurrent``. ``timeout``
    is the seconds without a sign of the model, 15 by default; an answer takes no longer than
    ``api_timeout`` in all (else ``API_TIMEOUT``, else 60). ``budget_usd`` is a hard cap.
    ``privacy="off"`` turns the gate off: raw text then goes anywhere. With a ``store``, answers are
    cached and every call is booked. ``api_provider`` orders the cloud tier of what is found in the
    environment; without ``streaming`` answers are asked for whole. ``quotas`` says who keeps the
    rates, the breakers and the budget: this process, or a cluster.

    Use it with ``async with`` or ``with``, or call `close`. Works from any thread and event loop.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint | Mapping[str, Any]] | None = None,
        *,
        failover: Failover | None = None,
        timeout: float | None = None,
        budget_usd: float | None = None,
        privacy: Literal["auto", "off"] = "auto",
        store: RunStore | None = None,
        scrubber: Scrubber | None = None,
        api_timeout: float | None = None,
        api_provider: str | None = None,
        streaming: bool = True,
        quotas: Quotas | None = None,
    ) -> None:
        """Take the rules; nothing is opened before the first call."""
        self._sessions = Sessions()
        self._pid = os.getpid()
        self._search = endpoints is None
        found = (
            from_environment(first=api_provider)
            if endpoints is None
            else map(as_endpoint, endpoints)
        )
        self._quotas = quotas
        self._routes = [self._route(endpoint) for endpoint in in_tier_order(found)]
        self._searching: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, Flights] = WeakKeyDictionary()
        self._limits = limits_for(failover, timeout, api_timeout, streaming)
        self._bulk_failover = failover or os.environ.get("CATALYST_FAILOVER") or "sequential"
        self.store = store
        self._shared = Shared(
            Gate(privacy, scrubber),
            Memo(None if store is None else store.cache),
            (quotas or LocalQuotas()).budget(budget_usd),
            Ledger(store),
        )

    # Who is asked.

    def _route(self, endpoint: Endpoint) -> Route:
        return Route(endpoint, self._sessions, self._quotas)

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints known so far, in the order they are asked."""
        return [route.endpoint for route in self._routes]

    @property
    def budget(self) -> Budget:
        """What was spent, what is set aside, what is left."""
        return self._shared.budget

    @property
    def run(self) -> str:
        """The run that calls are booked to."""
        return self._shared.ledger.run

    @run.setter
    def run(self, name: str) -> None:
        self._shared.ledger.run = name

    async def endpoints_async(self) -> list[Endpoint]:
        """Return the endpoints, those found on this machine's usual ports included."""
        await self._find()
        return self.endpoints

    async def _find(self) -> None:
        """Look for a local server once, when nobody has named one."""
        loop = asyncio.get_running_loop()
        async with self._searching.setdefault(loop, asyncio.Lock()):
            if not self._search:
                return
            if not any(route.endpoint.tier == "local" for route in self._routes):
                found = await find_local(self._sessions.get(private=True).current(), LOCAL_PORTS)
                self._routes[:0] = [self._route(endpoint) for endpoint in found]
            self._search = not self._routes  # with none at all, one may be started later

    async def _chosen(self, model: str | None) -> Sequence[Route]:
        """Return the endpoints to ask: those that have the model, when any is known to."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._sessions.forget()
            self._routes = [self._route(route.endpoint) for route in self._routes]
        if self._search:
            await self._find()
        if model is None:
            return self._routes
        return [route for route in self._routes if route.endpoint.model == model] or self._routes

    def _race(
        self,
        routes: Sequence[Route],
        call: Call,
        limits: Limits,
        schema: Schema | None,
        vault: Vault | None,
    ) -> Race:
        loop = asyncio.get_running_loop()
        flights = self._flights.get(loop)
        if flights is None:
            flights = self._flights[loop] = Flights()
        return Race(routes, call, limits, self._shared, flights, schema, vault)

    # One completion.

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
        tools: Sequence[Mapping[str, Any]] | None = None,
        vault: Vault | None = None,
    ) -> Completion:
        """Return one completion.

        ``prompt`` is text or a list of chat messages. With a ``schema`` (a pydantic model or a JSON
        schema) the answer is made to fit it, and parsed into ``data``. ``tools`` are definitions in
        OpenAI's form; what the model wants called is in ``tool_calls``. A ``vault`` keeps
        pseudonyms the same over the calls of a conversation; without one, each call has its own.

        Raises `AllEndpointsFailed` with every attempt, `BudgetExceeded` before anything is sent,
        `PrivacyError` when the text cannot be made fit for the only endpoints that are left, and
        `UserError` for arguments that make no sense.
        """
        shape = None if schema is None else await Schema.of(schema)
        call = call_of(prompt, system, model, max_tokens, temperature, shape, tools)
        return await self._complete(call, self._limits_for(failover), shape, vault)

    generate = twin(generate_async)

    async def _complete(
        self, call: Call, limits: Limits, schema: Schema | None, vault: Vault | None = None
    ) -> Completion:
        race = self._race(await self._chosen(call.model), call, limits, schema, vault)
        try:
            leg, result = await race.run()
        finally:
            if self._shared.ledger.books is not None:
                await self._shared.ledger.flush()
        completion = completion_of(race, leg, cast("Result", result))
        race.end()
        return completion

    def _limits_for(self, failover: Failover | None) -> Limits:
        if failover is None:
            return self._limits
        return msgspec.structs.replace(self._limits, failover=checked(failover))

    # A stream.

    async def stream_async(
        self,
        prompt: Prompt,
        *,
        system: str | None = None,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        failover: Failover | None = None,
        vault: Vault | None = None,
    ) -> AsyncIterator[str]:
        """Yield the pieces of one completion as they come; fails over until the first one.

        Raises like `generate_async`; once a piece was handed on, a stream that breaks raises
        `AllEndpointsFailed` at that point.
        """
        call = call_of(prompt, system, model, max_tokens, temperature, None, None)
        limits = self._limits_for(failover)
        race = self._race(await self._chosen(model), call, limits, None, vault)
        try:
            leg, _ = await race.run(stream=True)
            async for piece in pieces_of(race, leg):
                yield piece
        finally:
            await self._shared.ledger.flush()

    stream = twin_iter(stream_async)

    # Many.

    async def stream_batch_async(
        self,
        prompts: Iterable[Prompt] | AsyncIterable[Prompt],
        *,
        system: str | None = None,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        schema: Any = None,
        failover: Failover | None = None,
        limit: int = 64,
        journal: Journal | None = None,
        on_event: ProgressCallback | None = None,
        ordered: bool = False,
    ) -> AsyncIterator[PromptOutcome]:
        """Yield the outcome of each prompt as it completes, or in order when ``ordered``.

        ``prompts`` may be endless, and asynchronous; at most ``limit`` are under way. A prompt that
        fails is a value: ``outcome.error``. With a ``journal`` what was answered is never asked
        again. Bulk work is never hedged, waits for permits as long as it takes, and asks the
        endpoints one after the other unless ``failover`` says otherwise.
        """
        shape = None if schema is None else await Schema.of(schema)
        plan = call_of("", system, model, max_tokens, temperature, shape, None)
        chosen = checked(failover or cast("Failover", self._bulk_failover))
        limits = msgspec.structs.replace(self._limits, failover=chosen, bulk=True)

        async def one(prompt: Prompt) -> Completion:
            call = msgspec.structs.replace(plan, messages=messages_of(prompt))
            return await self._complete(call, limits, shape)

        batch: Batch[Prompt, Completion] = Batch(
            one,
            prompts,
            limit,
            journal=journal,
            key=None if journal is None else (lambda prompt: key_of(prompt, plan)),
            encode=encode,
            decode=decode,
            label=label,
            on_event=on_event,
            ordered=ordered,
        )
        async with batch:
            async for outcome in batch:
                yield PromptOutcome.of(outcome)

    stream_batch = twin_iter(stream_batch_async)

    async def batch_async(
        self,
        prompts: Iterable[Prompt] | AsyncIterable[Prompt],
        *,
        system: str | None = None,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        schema: Any = None,
        failover: Failover | None = None,
        limit: int = 64,
        journal: Journal | None = None,
        on_event: ProgressCallback | None = None,
    ) -> Outcomes:
        """Return the outcomes of many prompts in their order; as `stream_batch_async` otherwise."""
        stream = self.stream_batch_async(
            prompts,
            system=system,
            model=model,
            max_tokens=max_tokens,
            temperature=temperature,
            schema=schema,
            failover=failover,
            limit=limit,
            journal=journal,
            on_event=on_event,
            ordered=True,
        )
        return Outcomes([outcome async for outcome in stream])

    batch = twin(batch_async)

    # Vectors and health.

    async def embed_async(
        self, texts: Sequence[str], *, model: str | None = None
    ) -> list[list[float]]:
        """Return one vector a text, from the first endpoint that has them.

        Raises `AllEndpointsFailed` when none has, or none answers.
        """
        try:
            return await embed(await self._chosen(None), texts, model, self._limits, self._shared)
        finally:
            await self._shared.ledger.flush()

    embed = twin(embed_async)

    async def health_async(self) -> dict[str, EndpointHealth]:
        """Ask every endpoint for its models; returns how each is, by name."""
        routes = await self._chosen(None)
        states = await asyncio.gather(*(examine(route) for route in routes))
        return {state.name: state for state in states}

    health = twin(health_async)

    # The end.

    async def close(self) -> None:
        """Close every pooled connection, on whatever loop it is."""
        if self._pid != os.getpid():
            self._sessions.forget()
        await self._sessions.close()
        await self._shared.ledger.flush()

    async def __aenter__(self) -> Self:
        """Return self."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        await self.close()

    def __enter__(self) -> Self:
        """Return self, for sync code."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        run_sync(self.close())

    def __del__(self) -> None:
        """Warn when connections were left open."""
        sessions = getattr(self, "_sessions", None)
        if sessions is not None and sessions.any_open and self._pid == os.getpid():
            warn_unclosed(self)

    def __repr__(self) -> str:
        """Show the endpoints' names."""
        names = ", ".join(route.name for route in self._routes)
        return f"LLMProvider({names})"
