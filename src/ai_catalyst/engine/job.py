"""A piece of work for one worker process: a function, the items it is for, and who waits."""

from __future__ import annotations

import ast
import inspect
import os
import pickle
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from ai_catalyst.engine.worker_process import MAIN, CallSpec, Script
from ai_catalyst.errors import UserError, WorkerError

__all__ = ["Call", "Job", "Sink"]


class Sink(Protocol):
    """Where results go; called in a pool's thread."""

    def done(self, index: int, value: Any, error: Exception | None, seconds: float) -> None:
        """Take the result of one item."""
        ...

    @property
    def full(self) -> bool:
        """Whether there is no room for a value of a stream."""
        ...

    def wait(self) -> float:
        """Wait for room; return for how many seconds."""
        ...

    def give(self, value: Any) -> None:
        """Take one of the values of a stream."""
        ...

    def close(self) -> None:
        """Nobody reads any more: let go a thread that waits for room."""
        ...


class Job:
    """Items for one function; those at the front that have no result yet are still to be done."""

    __slots__ = (
        "_bell",
        "_lock",
        "call",
        "cancelled",
        "error",
        "items",
        "silence",
        "sink",
        "timeout",
    )

    def __init__(
        self,
        call: Call,
        items: Iterable[tuple[int, tuple[Any, ...]]],
        sink: Sink,
        timeout: float | None = None,
        silence: float | None = None,
    ) -> None:
        """Hold ``(index, arguments)`` items; ``timeout`` and ``silence`` are in seconds."""
        self.call = call
        self.items = deque(items)
        self.sink = sink
        self.timeout = timeout
        self.silence = silence
        self.cancelled = False
        self.error: Exception | None = None
        self._bell: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def attach(self, bell: Callable[[], None] | None) -> None:
        """Say how to tell whoever works on this that it was cancelled (None: nobody does)."""
        with self._lock:
            self._bell = bell

    def cancel(self, error: Exception | None = None) -> None:
        """Let the rest be; its items fail with ``error``, or nobody waits for them."""
        with self._lock:
            self.cancelled = True
            self.error = self.error or error
            if self._bell is not None:
                self._bell()
        self.sink.close()

    def finish(self, value: Any, seconds: float) -> None:
        """Hand on the result of the first item."""
        index, _ = self.items.popleft()
        self.sink.done(index, value, None, seconds)

    def fail(self, error: Exception, seconds: float = 0.0) -> None:
        """Hand on the error of the first item."""
        index, _ = self.items.popleft()
        self.sink.done(index, None, error, seconds)

    def fail_all(self, error: Exception) -> None:
        """Hand on the same error for every item that is left."""
        while self.items:
            self.fail(error)


class Call:
    """A function that a worker can find: one that is importable, or a picklable callable.

    Raises `UserError` for a lambda, a function defined in another one, or a coroutine function.
    """

    __slots__ = ("_pickled", "function", "label", "yields")

    def __init__(self, function: Callable[..., Any], *, yields: bool = False) -> None:
        """Refuse at once what can never work."""
        if not callable(function):
            raise UserError(f"a worker calls functions, not {type(function).__name__}")
        self.label: str = getattr(function, "__qualname__", type(function).__qualname__)
        if inspect.iscoroutinefunction(function):
            raise UserError(f"{self.label} is a coroutine function: a worker runs plain functions")
        if "<lambda>" in self.label or "<locals>" in self.label:
            raise UserError(
                f"{self.label} cannot be sent to a worker: define the function at the top level "
                "of a module (functools.partial can fix arguments)"
            )
        self.function = function
        self.yields = yields
        self._pickled: bytes | None = None

    def spec(self) -> CallSpec:
        """Describe it for a worker. Raises `UserError` when a worker could not find it."""
        if self._pickled is None:
            try:
                self._pickled = pickle.dumps(self.function, protocol=5)
            except Exception as error:  # noqa: BLE001 - a callable may pickle itself as it likes
                why = f"{type(error).__name__}: {error}"
                raise UserError(f"{self.label} cannot be sent to a worker: {why}") from None
        module = _module_of(self.function)
        return CallSpec(
            function=self._pickled,
            module=module,
            file=getattr(sys.modules.get(module), "__file__", None),
            script=_script(self.label) if b"__main__" in self._pickled else None,
            directory=_directory(),
            yields=self.yields,
            label=self.label,
        )


def _module_of(function: Any) -> str:
    inner = getattr(function, "func", function)  # of a partial
    return getattr(inner, "__module__", None) or type(inner).__module__


def _directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return os.sep


def _script(label: str) -> Script:
    """Return the script that is run, if a worker may import it."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or not Path(file).is_file():
        raise UserError(
            f"{label} is defined in an interactive session: put it in a module that can be imported"
        )
    if not _is_guarded(file):
        raise UserError(
            f"{label} is defined in {Path(file).name}, which is run as a script: move it to a "
            'module, or put what the script does under `if __name__ == "__main__":`'
        )
    sys.modules.setdefault(MAIN, main)  # instances of its classes come back under this name
    return Script(str(Path(file).resolve()), getattr(main, "__package__", None) or None)


def _is_guarded(file: str) -> bool:
    """Whether a script does nothing when it is imported, as far as one can see."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise WorkerError(f"{Path(file).name} cannot be read: {type(error).__name__}") from None
    return any(
        isinstance(node, ast.If) and {"__name__", "__main__"} <= _words(node.test)
        for node in tree.body
    )


def _words(test: ast.expr) -> set[str]:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return names | {
        node.value
        for node in ast.walk(test)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
