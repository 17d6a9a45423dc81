"""Embeddings: vectors for texts, from the first endpoint that has them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ai_catalyst.errors import (
    AllEndpointsFailed,
    BudgetExceeded,
    EndpointError,
    EndpointTimeout,
    UserError,
)
from ai_catalyst.llm.completion import Attempt
from ai_catalyst.llm.discovery import embedding_model, models_at
from ai_catalyst.llm.exchange import Exchange
from ai_catalyst.llm.faults import outcome_of
from ai_catalyst.llm.prices import price_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ai_catalyst.llm.route import Route
    from ai_catalyst.llm.shared import Shared
    from ai_catalyst.llm.timing import Limits

__all__ = ["embed"]

MOST_TEXTS = 96
MOST_CHARACTERS = 200_000

USUAL_MODELS = {"openai.com": "text-embedding-3-small", "mistral.ai": "mistral-embed"}


async def embed(
    routes: Sequence[Route],
    texts: Sequence[str],
    model: str | None,
    limits: Limits,
    shared: Shared,
) -> list[list[float]]:
    """Return one vector a text; all from one endpoint, because spaces do not mix."""
    if isinstance(texts, str):
        raise UserError("embed takes a list of texts")
    attempts: list[Attempt] = []
    last: Exception | None = None
    for route in routes:
        if route.wire.embeddings is None:
            continue
        began = time.monotonic()
        try:
            return await _from(route, texts, model, limits, shared)
        except EndpointError as error:
            last = error
            words = f"{type(error).__name__}: {error}"
            seconds = time.monotonic() - began
            attempts.append(Attempt(route.name, outcome_of(error), words, seconds))
    if isinstance(last, BudgetExceeded):
        raise last
    raise AllEndpointsFailed("no endpoint gave vectors", attempts) from last


async def _from(
    route: Route, texts: Sequence[str], model: str | None, limits: Limits, shared: Shared
) -> list[list[float]]:
    sealed, findings = list(texts), dict[str, int]()
    if not await route.settle() and not shared.gate.off:
        sealed, findings = await shared.gate.seal_texts(sealed)
    name = model or await _usual(route)
    vectors: list[list[float]] = []
    for group in _groups(sealed):
        vectors += await _one(route, group, name, limits, shared, findings)
        findings = {}
    return vectors


async def _usual(route: Route) -> str | None:
    """Return the model that makes vectors: the provider's usual one, or one that is offered."""
    for host, model in USUAL_MODELS.items():
        if route.endpoint.host.endswith(host):
            return model
    session = route.session()
    offered = await models_at(session, route.endpoint.url, headers=route.headers, proxy=route.proxy)
    return embedding_model(offered or []) or route.endpoint.model


async def _one(
    route: Route,
    texts: Sequence[str],
    model: str | None,
    limits: Limits,
    shared: Shared,
    findings: dict[str, int],
) -> list[list[float]]:
    assert route.wire.embeddings is not None
    body = route.wire.encode_embeddings(texts, model)
    price = price_of(route.endpoint, model)
    reserved = price.cost(route.lane.most_tokens(len(body)), 0)
    while shared.budget.elsewhere and reserved > shared.budget.at_hand_usd:
        await shared.budget.fetch(reserved)
    shared.budget.reserve(reserved)
    spent = 0.0
    exchange = Exchange(route)
    if route.leaves:
        raw = shared.gate.off and not route.trusted
        await shared.ledger.departure(route.name, route.endpoint.host, len(body), findings, raw=raw)
    try:
        async with route.lane.in_flight, asyncio.timeout(limits.total_s):
            with exchange:
                await exchange.post(route.wire.embeddings, body)
                vectors, tokens = route.wire.decode_embeddings(await exchange.body())
                if len(vectors) != len(texts):
                    raise ValueError("not one vector a text")
    except TimeoutError as error:
        if isinstance(error, EndpointError):
            raise
        name = route.name
        raise EndpointTimeout(f"{name} gave no vectors in time", endpoint=name) from error
    else:
        paid = tokens if tokens is not None else len(body) // 4
        spent = price.cost(paid, 0)
        shared.ledger.attempt(route.name, model or "", (paid, 0), spent, "ok")
        return vectors
    finally:
        shared.budget.settle(reserved, spent)


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for text in texts:
        if group and (len(group) >= MOST_TEXTS or size + len(text) > MOST_CHARACTERS):
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group
