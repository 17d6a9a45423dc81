"""Prometheus metrics, right also when several workers serve.

With several workers each writes its numbers into files of ``PROMETHEUS_MULTIPROC_DIR``, which
``catalyst serve`` sets before they start; whoever is asked adds them up.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

__all__ = [
    "Sum",
    "count_document",
    "count_model_call",
    "observe",
    "scrape",
    "sums",
]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@cache
def _metrics() -> dict[str, Any]:
    from prometheus_client import Counter, Histogram

    return {
        "requests": Counter(
            "catalyst_http_requests", "Requests answered.", ["method", "route", "status"]
        ),
        "seconds": Histogram(
            "catalyst_http_request_seconds", "How long they took.", ["route"], buckets=_SECONDS
        ),
        "calls": Counter("catalyst_model_calls", "Model calls.", ["outcome"]),
        "tokens": Counter("catalyst_model_tokens", "Tokens of models.", ["kind"]),
        "documents": Counter("catalyst_documents", "Documents read.", ["outcome"]),
    }


@cache
def _children(method: str, route: str, status: int) -> tuple[Any, Any]:
    """Look the labels up once: it costs more than the counting."""
    metrics = _metrics()
    return metrics["requests"].labels(method, route, status), metrics["seconds"].labels(route)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request. ``route`` is the pattern, so that there are as many as routes."""
    if method not in _METHODS:  # anybody can invent one
        method = "other"
    requests, took = _children(method, route, status)
    requests.inc()
    took.observe(seconds)


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def count_model_call(outcome: str, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
    """Count a call of a model: ``ok`` or ``failed``."""
    metrics = _metrics()
    metrics["calls"].labels(outcome).inc()
    metrics["tokens"].labels("prompt").inc(prompt_tokens)
    metrics["tokens"].labels("completion").inc(completion_tokens)


def count_document(outcome: str) -> None:
    """Count a document that was read: ``ready`` or ``failed``."""
    _metrics()["documents"].labels(outcome).inc()


def scrape() -> bytes:
    """Return the numbers of all workers as Prometheus reads them. For a thread: it reads files."""
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess

    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class Sum(NamedTuple):
    """One number with its labels."""

    labels: dict[str, str]
    value: float


async def sums() -> dict[str, list[Sum]]:
    """Return the numbers of all workers by name; a name without numbers has none."""
    from prometheus_client.parser import text_string_to_metric_families

    text = await asyncio.to_thread(scrape)
    found: dict[str, list[Sum]] = defaultdict(list)
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name].append(Sum(dict(sample.labels), sample.value))
    return found
