"""How long operations take and how often they fail, in memory that does not grow with them."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from types import CoroutineType, FunctionType
from typing import TypeVar, cast

from ai_catalyst.engine.blocking import run_here
from ai_catalyst.engine.durations import Durations
from ai_catalyst.errors import UserError

__all__ = ["AsyncOperationMonitor", "Durations", "OperationMonitor"]

T = TypeVar("T")

_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_OTHER = "(other)"
_NEW = 256
"""Times kept as they are, until they are counted together."""


class _Operation:
    """What is known of one name.

    Who begins or ends takes no lock: to append to a list, and to take from its end, is one step
    to all threads. Whoever counts takes from the front what was there when it looked.
    """

    __slots__ = ("durations", "errors", "flights", "gone", "lock", "new")

    def __init__(self) -> None:
        self.durations = Durations()
        self.errors = 0
        self.flights: list[None] = []
        self.gone = False
        self.lock = threading.Lock()
        self.new: list[float] = []

    def succeed(self, seconds: float) -> None:
        """Count a success."""
        self.new.append(seconds)
        if len(self.new) >= _NEW:
            self.fold()

    def fold(self) -> None:
        """Count what is new."""
        with self.lock:
            new = self.new[:]
            del self.new[: len(new)]
            self.durations.add(new)

    def fail(self) -> None:
        """Count an error."""
        with self.lock:
            self.errors += 1

    def forget(self) -> bool:
        """Forget the counts; says whether nothing is in flight, so that it may go."""
        with self.lock:
            self.new.clear()
            self.durations, self.errors = Durations(), 0
            self.gone = True  # who begins now sees it, or is seen in the next line
            self.gone = not self.flights
        return self.gone

    def stats(self) -> dict[str, float]:
        """Return the figures of `get_stats`."""
        self.fold()
        times = self.durations
        return {
            "count": times.count,
            "avg_time": times.total / times.count if times.count else 0.0,
            "min_time": times.shortest,
            "max_time": times.longest,
            **{name: times.quantile(share) for name, share in _QUANTILES.items()},
            "errors": self.errors,
        }


class AsyncOperationMonitor:
    """Times operations by name; safe to use from many loops and threads.

    Times are of successes, in seconds; an error is counted apart, a cancelled operation is neither.
    ``clock`` must be monotonic. Of more than ``max_names`` names the later ones are counted
    together under ``(other)``, so that a name made of an identifier cannot fill the memory.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.perf_counter, max_names: int = 1000
    ) -> None:
        """Begin with nothing counted."""
        self._clock = clock
        self._max_names = max_names
        self._operations: dict[str, _Operation] = {}
        self._lock = threading.Lock()

    async def monitor_operation(
        self, name: str, operation: Awaitable[T] | Callable[[], Awaitable[T]]
    ) -> T:
        """Await an operation (or what a function of no arguments returns), timed under ``name``."""
        # Written out, not shared with the sync form: a context manager alone would cost as much.
        entry = self._operations.get(name) or self._enter(name)
        entry.flights.append(None)
        if entry.gone:  # forgotten between our look and our beginning
            entry.flights.pop()
            entry = self._begin(name)
        start = self._clock()
        try:
            made = operation() if type(operation) is FunctionType else operation
            result: T = await (made if type(made) is CoroutineType else _call(name, made))
        except Exception:
            entry.fail()
            raise
        else:
            new = entry.new
            new.append(self._clock() - start)
            if len(new) >= _NEW:
                entry.fold()
            return result
        finally:
            entry.flights.pop()

    def get_stats(self) -> dict[str, dict[str, float]]:
        """Return for each name count, avg_time, min_time, max_time, p50, p95, p99 and errors."""
        with self._lock:
            return {name: operation.stats() for name, operation in self._operations.items()}

    def in_flight(self) -> dict[str, int]:
        """Return for each name how many operations have begun and not ended."""
        with self._lock:
            return {name: len(operation.flights) for name, operation in self._operations.items()}

    def reset(self) -> None:
        """Forget all counts, but not what is in flight."""
        with self._lock:
            for name, operation in list(self._operations.items()):
                if operation.forget():
                    del self._operations[name]

    def prometheus(self, prefix: str = "catalyst_operation") -> str:
        """Return the counts in Prometheus's text format (0.0.4)."""
        with self._lock:
            operations = [(_escape(name), entry) for name, entry in self._operations.items()]
            lines = [f"# HELP {prefix}_seconds Time of operations that succeeded."]
            lines.append(f"# TYPE {prefix}_seconds summary")
            for name, entry in operations:
                entry.fold()
                for share in _QUANTILES.values():
                    labels = f'operation="{name}",quantile="{share:g}"'
                    value = entry.durations.quantile(share)
                    lines.append(f"{prefix}_seconds{{{labels}}} {value:.9g}")
                total, count = entry.durations.total, entry.durations.count
                lines.append(f'{prefix}_seconds_sum{{operation="{name}"}} {total:.9g}')
                lines.append(f'{prefix}_seconds_count{{operation="{name}"}} {count}')
            lines.append(f"# HELP {prefix}_errors_total Operations that raised an error.")
            lines.append(f"# TYPE {prefix}_errors_total counter")
            lines += [
                f'{prefix}_errors_total{{operation="{name}"}} {entry.errors}'
                for name, entry in operations
            ]
            lines.append(f"# HELP {prefix}_in_flight Operations under way.")
            lines.append(f"# TYPE {prefix}_in_flight gauge")
            lines += [
                f'{prefix}_in_flight{{operation="{name}"}} {len(entry.flights)}'
                for name, entry in operations
            ]
        return "\n".join(lines) + "\n"

    def table(self) -> str:
        """Return the counts as lines for people, the names in alphabetical order."""
        head = ["operation", "count", "errors", "avg", "min", "p50", "p95", "p99", "max"]
        rows = [head]
        for name, stats in sorted(self.get_stats().items()):
            times = [
                stats[key] for key in ("avg_time", "min_time", "p50", "p95", "p99", "max_time")
            ]
            counts = [f"{stats['count']:.0f}", f"{stats['errors']:.0f}"]
            rows.append([name, *counts, *(_duration(seconds) for seconds in times)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = [
            row[0].ljust(widths[0])
            + "".join(
                f"  {cell.rjust(width)}" for cell, width in zip(row[1:], widths[1:], strict=True)
            )
            for row in rows
        ]
        return "\n".join(lines)

    def _enter(self, name: str) -> _Operation:
        with self._lock:
            full = len(self._operations) >= self._max_names and name not in self._operations
            return self._operations.setdefault(_OTHER if full else name, _Operation())

    def _begin(self, name: str) -> _Operation:
        while True:
            entry = self._enter(name)
            entry.flights.append(None)
            if not entry.gone:
                return entry
            entry.flights.pop()


class OperationMonitor:
    """The sync twin of `AsyncOperationMonitor`, for operations of sync code."""

    def __init__(
        self, *, clock: Callable[[], float] = time.perf_counter, max_names: int = 1000
    ) -> None:
        """Begin with nothing counted."""
        self.asynchronous = AsyncOperationMonitor(clock=clock, max_names=max_names)

    def monitor_operation(
        self, name: str, operation: Awaitable[T] | Callable[[], Awaitable[T] | T]
    ) -> T:
        """Return what an operation gives, timed under ``name``.

        A function is called in this thread; what can be awaited is awaited on a background loop.
        """
        monitor = self.asynchronous
        entry = monitor._begin(name)
        start = monitor._clock()
        try:
            made = operation() if callable(operation) else operation
            if inspect.isawaitable(made):
                made = run_here(made, "monitor_operation")
        except Exception:
            entry.fail()
            raise
        else:
            entry.succeed(monitor._clock() - start)
            return cast("T", made)
        finally:
            entry.flights.pop()

    def get_stats(self) -> dict[str, dict[str, float]]:
        """Return for each name count, avg_time, min_time, max_time, p50, p95, p99 and errors."""
        return self.asynchronous.get_stats()

    def in_flight(self) -> dict[str, int]:
        """Return for each name how many operations have begun and not ended."""
        return self.asynchronous.in_flight()

    def reset(self) -> None:
        """Forget all counts, but not what is in flight."""
        self.asynchronous.reset()

    def prometheus(self, prefix: str = "catalyst_operation") -> str:
        """Return the counts in Prometheus's text format (0.0.4)."""
        return self.asynchronous.prometheus(prefix)

    def table(self) -> str:
        """Return the counts as lines for people, the names in alphabetical order."""
        return self.asynchronous.table()


def _call(name: str, operation: Awaitable[T] | Callable[[], Awaitable[T]]) -> Awaitable[T]:
    made = operation
    if callable(operation) and not hasattr(operation, "__await__"):
        made = operation()
        if type(made) is CoroutineType:
            return made
    if not inspect.isawaitable(made):
        raise UserError(f"operation {name!r} gave {type(made).__name__}, which cannot be awaited")
    return made


def _escape(name: str) -> str:
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}"
    return "0 s"
