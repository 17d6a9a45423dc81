"""Catch calls of the catalogue on a running event loop, the moment they are made."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import FrameType, ModuleType, TracebackType
from typing import Any, Self

from ai_catalyst.check.catalogue import Catalogue, Entry, load_catalogue

__all__ = ["BlockingCall", "Intercepted", "Interception"]

_LEAST_MS = 0.1
_MOST_KEPT = 100
_EXCUSED = ("asyncio", "uvloop", "anyio", "trio", "selectors", "importlib", "_frozen_importlib")
_EXCUSED_FILES = ("<frozen importlib", "<string>")


class BlockingCall(RuntimeError):
    """Raised in the place of a call that would have kept a running event loop waiting."""


@dataclass(frozen=True, slots=True)
class Intercepted:
    """One call that was caught: its name, its kind, where it was made, what to call instead."""

    name: str
    kind: str
    place: str
    replacement: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.place}: {self.name} blocks the event loop: use {self.replacement}"


class Interception(AbstractContextManager["Interception"]):
    """While entered, a known blocking call in a thread whose event loop runs raises.

    ``only`` names kinds (network, database, file, process, sleep, lock, cpu), else all; ``allow``
    names modules whose calls are let through. With ``on_call`` the call is handed to it and then
    made all the same. ``calls`` keeps the last 100. Only modules that are imported already are
    looked at; methods of types written in C (``sqlite3.Connection``) cannot be replaced: for these,
    and for what merely computes, there is `LoopGuard`.
    """

    def __init__(
        self,
        *,
        only: Iterable[str] | None = None,
        allow: Iterable[str] = (),
        on_call: Callable[[Intercepted], object] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        """Set the terms; nothing is replaced before it is entered."""
        self.calls: list[Intercepted] = []
        self._only = None if only is None else frozenset(only)
        self._allow = (*_EXCUSED, *allow)
        self._on_call = on_call
        self._catalogue = catalogue
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        """Replace the catalogue's functions by ones that look for a running loop first."""
        catalogue = self._catalogue or load_catalogue()
        functions: dict[int, Callable[..., Any]] = {}
        for name, entry in catalogue.exact_names():
            if entry.cost_ms < _LEAST_MS or not (self._only is None or entry.kind in self._only):
                continue
            owner, attribute = _owner(name)
            if owner is not None:
                self._replace(owner, attribute, name, entry, functions)
        self._replace_copies(functions)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()

    # --- replacing

    def _replace(
        self,
        owner: Any,
        attribute: str,
        name: str,
        entry: Entry,
        functions: dict[int, Callable[..., Any]],
    ) -> None:
        original = owner.__dict__.get(attribute, _MISSING)
        target = getattr(owner, attribute, None)
        if isinstance(target, type):
            return self._replace_maker(target, name, entry)
        if not callable(target) or isinstance(original, staticmethod | classmethod | property):
            return None
        made = self._watching(target, name, entry)
        if _set(owner, attribute, made):
            self._undo.append(lambda: _restore(owner, attribute, original))
            if isinstance(owner, ModuleType):
                functions[id(target)] = made
        return None

    def _replace_maker(self, target: type, name: str, entry: Entry) -> None:
        """A class that blocks when an object of it is made: watch its ``__init__``."""
        original = target.__dict__.get("__init__", _MISSING)
        if callable(original) and _set(target, "__init__", self._watching(original, name, entry)):
            self._undo.append(lambda: _restore(target, "__init__", original))

    def _replace_copies(self, functions: dict[int, Callable[..., Any]]) -> None:
        """``from time import sleep`` holds the function itself: replace it there as well."""
        for module_name, module in list(sys.modules.items()):
            if module is None or module_name.partition(".")[0] in sys.stdlib_module_names:
                continue
            if module_name.startswith("ai_catalyst.check") or not isinstance(module, ModuleType):
                continue
            for key, value in list(vars(module).items()):
                made = functions.get(id(value))
                if made is not None and _set(module, key, made):
                    self._undo.append(functools.partial(_restore, module, key, value))

    def _watching(self, target: Callable[..., Any], name: str, entry: Entry) -> Callable[..., Any]:
        @functools.wraps(target)
        def watching(*args: Any, **kwargs: Any) -> Any:
            if asyncio._get_running_loop() is not None and not _harmless(entry, args, kwargs):
                self._caught(name, entry, sys._getframe().f_back)
            return target(*args, **kwargs)

        return watching

    # --- catching

    def _caught(self, name: str, entry: Entry, frame: FrameType | None) -> None:
        culprit = self._culprit(frame)
        if culprit is None:
            return
        shown = name.removeprefix("builtins.")
        place = f"{culprit.f_code.co_filename}:{culprit.f_lineno}"
        call = Intercepted(shown, entry.kind, place, entry.advice(shown))
        self.calls.append(call)
        del self.calls[:-_MOST_KEPT]
        if self._on_call is None:
            raise BlockingCall(str(call))
        self._on_call(call)

    def _culprit(self, frame: FrameType | None) -> FrameType | None:
        """Return the frame outside the standard library that is to blame; None: nobody is."""
        first = frame
        if _in_greenlet():
            return None
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            if module == __name__:
                return None  # the call around this one was looked at already
            if _is_below(module, self._allow) or frame.f_code.co_filename.startswith(
                _EXCUSED_FILES
            ):
                return None
            if module.partition(".")[0] not in sys.stdlib_module_names:
                return frame
            frame = frame.f_back
        return first


_MISSING = object()


def _owner(name: str) -> tuple[Any, str]:
    """Return the module or class that holds a dotted name, if it is imported; else None."""
    path, _, attribute = name.rpartition(".")
    rest: list[str] = []
    while path and path not in sys.modules:
        path, _, part = path.rpartition(".")
        rest.insert(0, part)
    if not path:
        return None, attribute
    owner: Any = sys.modules[path]
    try:
        for part in rest:
            owner = getattr(owner, part)
        known = hasattr(owner, attribute)
    except Exception:  # noqa: BLE001 - a lazy module may raise anything when it is touched
        return None, attribute
    return (owner if known and isinstance(owner, ModuleType | type) else None), attribute


def _set(owner: Any, attribute: str, value: object) -> bool:
    try:
        setattr(owner, attribute, value)
    except (AttributeError, TypeError):
        return False  # a type written in C
    return True


def _restore(owner: Any, attribute: str, original: object) -> None:
    if original is _MISSING:
        delattr(owner, attribute)
    else:
        setattr(owner, attribute, original)


def _harmless(entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether this very call cannot wait: it was told not to, or all is there already."""
    for key, wanted in entry.unless_keywords:
        if key in kwargs and str(kwargs[key]) in (wanted, f"{wanted}.0"):
            return True
    first = args[0] if args else None
    timeout = getattr(first, "gettimeout", None)
    if callable(timeout) and timeout() == 0:
        return True
    done = getattr(first, "done", None)
    if entry.kind == "lock" and callable(done) and done():
        return True
    if entry.kind == "lock" and len(args) > 1 and args[1] in (False, 0):
        return True
    return entry.kind == "sleep" and first == 0


def _is_below(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _in_greenlet() -> bool:
    """Tell whether SQLAlchemy's async session runs this: it looks sync, and awaits beneath."""
    greenlet = sys.modules.get("greenlet")
    return greenlet is not None and greenlet.getcurrent().parent is not None
