"""The cache's first tier: encoded values in memory, the least recently used leave first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Memory", "Slot"]

_OVERHEAD = 250
"""Bytes an entry costs beside its value: keys, objects, the table's slot."""


@dataclass(slots=True, eq=False)
class Slot:
    """An encoded value; ``expires`` in seconds since the epoch, ``label`` where it came from."""

    value: bytes
    expires: float
    label: str = ""

    @property
    def cost(self) -> int:
        """What it counts for."""
        return len(self.value) + _OVERHEAD


class Memory:
    """A mapping of ``(kind, key)`` to slots that never holds more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._slots: OrderedDict[tuple[str, str], Slot] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0
        self.evicted = 0

    def __len__(self) -> int:
        """How many values there are."""
        return len(self._slots)

    def get(self, key: tuple[str, str], now: float) -> bytes | None:
        """Return a value that has not expired."""
        with self._lock:
            slot = self._slots.get(key)
            if slot is None:
                return None
            if slot.expires <= now:
                self._remove(key)
                return None
            self._slots.move_to_end(key)
            return slot.value

    def put(self, key: tuple[str, str], slot: Slot) -> None:
        """Keep a value, unless it alone is more than there is room for."""
        with self._lock:
            self._remove(key)
            if slot.cost > self._limit:
                return
            self._slots[key] = slot
            self.bytes += slot.cost
            while self.bytes > self._limit:
                self._remove(next(iter(self._slots)))
                self.evicted += 1

    def drop(self, which: Callable[[tuple[str, str], Slot], bool]) -> int:
        """Remove the entries for which ``which(key, slot)`` holds; returns how many."""
        with self._lock:
            doomed = [key for key, slot in self._slots.items() if which(key, slot)]
            for key in doomed:
                self._remove(key)
        return len(doomed)

    def _remove(self, key: tuple[str, str]) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            self.bytes -= slot.cost
