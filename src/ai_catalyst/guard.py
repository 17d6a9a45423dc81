"""``from ai_catalyst.guard import LoopGuard, Interception``: what watches a running event loop.

`LoopGuard`, the watchdog, lives in the engine; `Interception`, which catches known calls, in the
checker, which is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from ai_catalyst.engine.guard import LoopGuard, Stall

if TYPE_CHECKING:
    from ai_catalyst.check.intercept import BlockingCall, Intercepted, Interception

__all__ = ["BlockingCall", "Intercepted", "Interception", "LoopGuard", "Stall"]

_CAUGHT = ("BlockingCall", "Intercepted", "Interception")


def __getattr__(name: str) -> Any:
    """Import what needs the catalogue when it is first asked for."""
    if name not in _CAUGHT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ai_catalyst.check import intercept

    return getattr(intercept, name)
