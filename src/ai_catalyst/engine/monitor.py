"""How long operations take and how often they fail, in memory that does not grow with them."""

from __future__ import annotations

import inspect
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ai_catalyst.errors import UserError

__all__ = ["AsyncOperationMonitor", "Durations"]

T = TypeVar("T")

_RATIO = math.log(1.02)
_SHORTEST_S = 1e-7
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_OTHER = "(other)"


class Durations:
    """Durations of one kind: exact count, sum and extremes, quantiles within one per cent.

    Durations are counted in buckets each 2 % wider than the one before, and a quantile (nearest
    rank) is the geometric middle of its bucket: off by at most a factor of √1.02. From a tenth of a
    microsecond to a day that is 1,400 buckets at most, and only those in use are kept.
    """

    __slots__ = ("_buckets", "count", "longest", "shortest", "total")

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self.total = 0.0
        self.shortest = 0.0
        self.longest = 0.0
        self._buckets: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Count one."""
        self.shortest = min(self.shortest, seconds) if self.count else seconds
        self.longest = max(self.longest, seconds)
        self.count += 1
        self.total += seconds
        bucket = math.floor(math.log(max(seconds, _SHORTEST_S)) / _RATIO)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1

    def quantile(self, share: float) -> float:
        """Return the duration that ``share`` of them do not exceed, in seconds; 0 of none."""
        rank = max(1, math.ceil(share * self.count))
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                middle = math.exp((bucket + 0.5) * _RATIO)
                return min(max(middle, self.shortest), self.longest)
        return 0.0


class _Operation:
    __slots__ = ("durations", "errors", "in_flight")

    def __init__(self) -> None:
        self.durations = Durations()
        self.errors = 0
        self.in_flight = 0

    def stats(self) -> dict[str, float]:
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
        with self._timed(name):
            awaitable = operation if inspect.isawaitable(operation) else _call(name, operation)
            return await awaitable

    def get_stats(self) -> dict[str, dict[str, float]]:
        """Return for each name count, avg_time, min_time, max_time, p50, p95, p99 and errors."""
        with self._lock:
            return {name: operation.stats() for name, operation in self._operations.items()}

    def in_flight(self) -> dict[str, int]:
        """Return for each name how many operations have begun and not ended."""
        with self._lock:
            return {name: operation.in_flight for name, operation in self._operations.items()}

    def reset(self) -> None:
        """Forget all counts, but not what is in flight."""
        with self._lock:
            for name, operation in list(self._operations.items()):
                if operation.in_flight:
                    operation.durations, operation.errors = Durations(), 0
                else:
                    del self._operations[name]

    def prometheus(self, prefix: str = "catalyst_operation") -> str:
        """Return the counts in Prometheus's text format (0.0.4)."""
        with self._lock:
            operations = [(_escape(name), entry) for name, entry in self._operations.items()]
            lines = [f"# HELP {prefix}_seconds Time of operations that succeeded."]
            lines.append(f"# TYPE {prefix}_seconds summary")
            for name, entry in operations:
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
                f'{prefix}_in_flight{{operation="{name}"}} {entry.in_flight}'
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

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        operation = self._begin(name)
        start = self._clock()
        try:
            yield
        except Exception:
            with self._lock:
                operation.errors += 1
            raise
        else:
            seconds = self._clock() - start
            with self._lock:
                operation.durations.add(seconds)
        finally:
            with self._lock:
                operation.in_flight -= 1

    def _begin(self, name: str) -> _Operation:
        with self._lock:
            operation = self._operations.get(name)
            if operation is None:
                full = len(self._operations) >= self._max_names
                operation = self._operations.setdefault(_OTHER if full else name, _Operation())
            operation.in_flight += 1
            return operation


def _call(name: str, operation: Callable[[], Awaitable[T]]) -> Awaitable[T]:
    awaitable = operation() if callable(operation) else operation
    if not inspect.isawaitable(awaitable):
        raise UserError(
            f"operation {name!r} gave {type(awaitable).__name__}, which cannot be awaited"
        )
    return awaitable


def _escape(name: str) -> str:
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}"
    return "0 s"
