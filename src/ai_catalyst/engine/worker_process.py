"""What runs inside a worker process: take a task, do it, say what became of it.

Each result is sent as soon as it is there, so what a worker did before it died is never lost, and
the first task without a result is the one it died of.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any, NamedTuple

from ai_catalyst.engine.wire import Channel, Kind, Message, Unreadable
from ai_catalyst.errors import WorkerCrashed, WorkerError, WorkerOutOfMemory

__all__ = ["MAIN", "CallSpec", "Place", "Script", "Worker"]

MAIN = "__mp_main__"
"""The name that the user's script has here: not ``__main__``, so that its guard holds."""

_LOOK_AT_MEMORY_EVERY_S = 0.05


class Place(NamedTuple):
    """Where to work: the import path, and by how many bytes a worker may have grown and go on."""

    path: list[str]
    growth_bytes: int | None


class Script(NamedTuple):
    """The user's main file, and the package it is part of."""

    file: str
    package: str | None


class CallSpec(NamedTuple):
    """What is called: the pickled function and where to find its module.

    ``file`` is loaded when ``module`` cannot be imported by name, ``script`` when the function
    comes from the user's main file; ``label`` is what to call it in messages.
    """

    function: bytes
    module: str
    file: str | None
    script: Script | None
    directory: str
    yields: bool
    label: str


class HungUp(BaseException):
    """Raised when the pool has closed the channel; no task may catch it."""


class Worker:
    """One worker process: does what comes through its channel, until that is closed."""

    def __init__(self, channel: Channel) -> None:
        """Take the channel that leads to the pool."""
        self._channel = channel
        self._call: CallSpec | None = None
        self._function: Callable[..., Any] | None = None
        self._broken = WorkerError("no function was given")
        self._limit: int | None = None
        self._looked_at = 0.0

    def serve(self) -> None:
        """Work until the pool hangs up, or until this process has grown too much."""
        try:
            self._settle(self._receive().value)
            while self._step():
                pass
        except HungUp:
            return

    def _settle(self, place: Place) -> None:
        sys.path[:] = place.path
        used = _memory_bytes()
        if place.growth_bytes is not None and used is not None:
            self._limit = used + place.growth_bytes

    def _step(self) -> bool:
        try:
            message = self._receive()
        except Unreadable as unreadable:
            why = _reason(unreadable.__cause__)
            return self._fail(WorkerError(f"an argument of {self._label} cannot be read: {why}"))
        except MemoryError:
            # The rest of the message is still in the channel: this process cannot go on.
            return self._fail(self._out_of_memory(), last=True)
        if message.kind == Kind.CALL:
            self._prepare(message.value)
            return True
        return self._do(message.value)

    @property
    def _label(self) -> str:
        return self._call.label if self._call is not None else "a task"

    # -- one function ---------------------------------------------------------

    def _prepare(self, call: CallSpec) -> None:
        self._call, self._function = call, None
        with contextlib.suppress(OSError):
            os.chdir(call.directory)
        fresh = (MAIN if call.script is not None else call.module) not in sys.modules
        if fresh:
            self._send(Kind.LOADING, None, 0.0)
        try:
            _load_module(call)
            self._function = pickle.loads(call.function)  # noqa: S301 - our own pool wrote it
        except BaseException as error:  # noqa: BLE001 - a module's own code runs in there
            why = _reason(error)
            self._broken = WorkerError(f"{call.label} cannot be loaded in a worker: {why}")
            self._broken.add_note(_stack(error))
        if fresh:
            self._send(Kind.LOADED, None, 0.0)

    # -- one task -------------------------------------------------------------

    def _do(self, arguments: tuple[Any, ...]) -> bool:
        if self._function is None or self._call is None:
            return self._fail(self._broken)
        start = time.perf_counter()
        try:
            value = self._function(*arguments)
            if not self._call.yields:
                return self._return(Kind.RESULT, value, start)
            for item in value:
                self._send(Kind.YIELDED, item, time.perf_counter() - start)
            return self._return(Kind.END, None, start)
        except HungUp:
            raise
        except MemoryError:
            return self._fail(self._out_of_memory(), start, last=True)
        except Exception as error:  # noqa: BLE001 - a task may raise anything
            return self._fail(error, start)
        except BaseException as error:  # noqa: BLE001 - sys.exit() and the like
            crashed = WorkerCrashed(f"{self._label} ended its process ({_reason(error)})")
            return self._fail(crashed, start, last=True)

    def _return(self, kind: Kind, value: object, start: float) -> bool:
        last = self._has_grown()
        self._send(kind, value, time.perf_counter() - start, last)
        return not last

    def _fail(self, error: Exception, start: float | None = None, last: bool = False) -> bool:
        seconds = time.perf_counter() - start if start is not None else 0.0
        if stack := _stack(error):
            error.add_note(stack)
        self._send(Kind.ERROR, _portable(error, self._label), seconds, last)
        return not last

    def _out_of_memory(self) -> WorkerOutOfMemory:
        return WorkerOutOfMemory(f"{self._label} asked for more memory than a worker may have")

    def _has_grown(self) -> bool:
        now = time.monotonic()
        if self._limit is None or now - self._looked_at < _LOOK_AT_MEMORY_EVERY_S:
            return False
        self._looked_at = now
        used = _memory_bytes()
        return used is not None and used > self._limit

    # -- the channel ----------------------------------------------------------

    def _receive(self) -> Message:
        try:
            return self._channel.receive()
        except (EOFError, OSError) as error:
            raise HungUp from error

    def _send(self, kind: Kind, value: object, seconds: float, last: bool = False) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        try:
            self._channel.put(kind, value, seconds, last=last)
        except (HungUp, MemoryError):
            raise
        except OSError as error:
            raise HungUp from error
        except Exception as error:  # noqa: BLE001 - a value may pickle itself as it likes
            what = f"{self._label} gave what cannot be sent back: {type(value).__qualname__}"
            raise WorkerError(f"{what} ({_reason(error)})") from None
        try:
            self._channel.flush()
        except OSError as error:
            raise HungUp from error


def _memory_bytes() -> int | None:
    """Return the resident size of this process; None where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - four times as fast
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _reason(error: BaseException | None) -> str:
    """Say what kind of error it was; its text may be somebody's, except of a few kinds."""
    if isinstance(error, SystemExit):
        return f"exit code {error.code}" if isinstance(error.code, int) else "exit"
    if isinstance(error, (ImportError, AttributeError, pickle.PicklingError)):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def _stack(error: BaseException) -> str:
    """Return the task's own stack, as a note for the error that goes to the caller."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__
    ]
    if not frames:
        return ""
    return "In the worker process:\n" + "".join(traceback.format_list(frames)).rstrip()


def _portable(error: Exception, label: str) -> Exception:
    """Return an error that survives the way back: many cannot be rebuilt from their arguments."""
    with contextlib.suppress(Exception):
        copy = pickle.loads(pickle.dumps(error, protocol=5))  # noqa: S301 - just made here
        if type(copy) is type(error):
            return error
    stand_in = WorkerError(f"{label} raised {type(error).__qualname__}, which cannot be sent back")
    for note in getattr(error, "__notes__", ()):
        stand_in.add_note(note)
    return stand_in


def _load_module(call: CallSpec) -> None:
    """Import the module of a function, by name, else from its file."""
    if call.script is not None:
        _load_script(call.script)
    elif call.module not in sys.modules:
        try:
            importlib.import_module(call.module)
        except ModuleNotFoundError as error:
            itself = (call.module + ".").startswith(f"{error.name}.")
            if call.file is None or not itself:
                raise
            _stand_in_for_packages(call.module)
            _load_file(call.module, call.file)


def _stand_in_for_packages(module: str) -> None:
    """Let ``a.b.c`` be found though there is no ``a.b`` here: unpickling looks for it."""
    names = module.split(".")
    for count in range(1, len(names)):
        package = ModuleType(".".join(names[:count]))
        package.__path__ = []
        sys.modules.setdefault(package.__name__, package)


def _load_script(script: Script) -> None:
    if MAIN not in sys.modules:
        _load_file(MAIN, script.file, script.package)
        sys.modules["__main__"] = sys.modules[MAIN]


def _load_file(name: str, file: str, package: str | None = None) -> None:
    spec = importlib.util.spec_from_loader(name, SourceFileLoader(name, file), origin=file)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    if package is not None:
        module.__package__ = package
    sys.modules[name] = module
    try:
        SourceFileLoader(name, file).exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
