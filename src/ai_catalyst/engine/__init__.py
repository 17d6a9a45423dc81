"""The engine: one way to run many things at once, with limits, retries, workers and a journal.

It knows nothing of documents, models or stores; everything above stands on it.
"""

from typing import TYPE_CHECKING, Any

from ai_catalyst.engine.batch import Batch
from ai_catalyst.engine.breaker import Breaker
from ai_catalyst.engine.bridge import run_sync, run_sync_iter, twin, twin_iter
from ai_catalyst.engine.events import ProgressCallback, ProgressEvent, ProgressEventType
from ai_catalyst.engine.journal import Claim, Entry, Journal, State, journal_key
from ai_catalyst.engine.limits import AdaptiveLimit, InFlight, Limit, RateLimit
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.retry import Retry
from ai_catalyst.engine.single_flight import SingleFlight, single_flight

if TYPE_CHECKING:
    from ai_catalyst.engine.guard import LoopGuard
    from ai_catalyst.engine.monitor import AsyncOperationMonitor
    from ai_catalyst.engine.workers import WorkerPool, shared_pool

__all__ = [
    "AdaptiveLimit",
    "AsyncOperationMonitor",
    "Batch",
    "Breaker",
    "Claim",
    "Entry",
    "InFlight",
    "Journal",
    "Limit",
    "LoopGuard",
    "Outcome",
    "ProgressCallback",
    "ProgressEvent",
    "ProgressEventType",
    "RateLimit",
    "Retry",
    "SingleFlight",
    "State",
    "WorkerPool",
    "journal_key",
    "run_sync",
    "run_sync_iter",
    "shared_pool",
    "single_flight",
    "twin",
    "twin_iter",
]

_LATER = {
    "AsyncOperationMonitor": "monitor",
    "LoopGuard": "guard",
    "WorkerPool": "workers",
    "shared_pool": "workers",
}


def __getattr__(name: str) -> Any:
    """Import what needs processes or threads when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
