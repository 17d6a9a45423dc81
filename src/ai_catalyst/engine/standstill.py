"""Threads whose event loop stands still, because a sync twin was called in it and is waited for.

What such a loop holds cannot come back, and what it was promised it cannot take, before the twin
returns. Whoever makes others wait (a limit, a shared call) must know, or twin and loop would wait
for each other.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Witness", "blocked_thread", "standing_still", "witness"]


class Witness(Protocol):
    """Whoever makes callers wait for each other across event loops."""

    def look_again(self) -> None:
        """Let go on who can, now that a loop stands still or goes on; called from any thread."""
        ...

    def forget(self) -> None:
        """Start anew in a forked child: the threads that held or waited are not there."""
        ...


_lock = threading.Lock()
_depths: Counter[int] = Counter()
_still: frozenset[int] = frozenset()
_witnesses: weakref.WeakSet[Witness] = weakref.WeakSet()


def standing_still() -> frozenset[int]:
    """Return the threads whose loop stands still now."""
    return _still


def witness(who: Witness) -> None:
    """Have ``who`` told of every standstill, for as long as it lives."""
    with _lock:
        _witnesses.add(who)


@contextmanager
def blocked_thread(thread: int) -> Iterator[None]:
    """Mark ``thread``'s loop as standing still until this block ends."""
    _count(thread, 1)
    try:
        yield
    finally:
        _count(thread, -1)


def _count(thread: int, change: int) -> None:
    global _still  # replaced whole, so that it is read without the lock
    with _lock:
        _depths[thread] += change
        if not _depths[thread]:
            del _depths[thread]
        _still = frozenset(_depths)
        told = list(_witnesses)
    for who in told:
        who.look_again()


def _forget() -> None:
    global _lock, _still  # the old lock may be held by a thread that was left behind
    _lock = threading.Lock()
    _depths.clear()
    _still = frozenset()
    for who in list(_witnesses):
        who.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
