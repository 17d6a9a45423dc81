"""Threads that are started without waiting for them."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable

__all__ = ["start_soon"]


def start_soon(target: Callable[[], object], name: str) -> None:
    """Start a daemon thread, and return at once.

    ``Thread.start`` waits until the new thread runs, which on a busy machine can be tens of
    milliseconds: too long for an event loop. So a thread of its own does that waiting.
    """
    thread = threading.Thread(target=target, name=name, daemon=True)
    _thread.start_new_thread(thread.start, ())
