"""For a pair of classes ``AsyncX`` and ``X``: the same methods and arguments, but sync."""

from __future__ import annotations

import inspect
from typing import Any

_ENTRY = {"__aenter__": "__enter__", "__aexit__": "__exit__"}


def assert_sync_class(ours: type, asynchronous: type) -> None:
    """Check each public method and property of the async class against the sync one."""
    assert asynchronous.__name__ == f"Async{ours.__name__}"
    _assert_same_arguments(ours.__init__, asynchronous.__init__, f"{ours.__name__}()")
    for name, theirs in inspect.getmembers_static(asynchronous):
        if name.startswith("_") and name not in _ENTRY:
            continue
        where = f"{ours.__name__}.{_ENTRY.get(name, name)}"
        found: Any = inspect.getattr_static(ours, _ENTRY.get(name, name), None)
        assert found is not None, f"{where} is missing"
        if isinstance(theirs, property):
            assert isinstance(found, property), f"{where} must be a property"
        elif inspect.isroutine(theirs) and name not in _ENTRY:
            assert not inspect.iscoroutinefunction(found), f"{where} must be sync"
            _assert_same_arguments(found, theirs, where)


def _assert_same_arguments(ours: Any, theirs: Any, where: str) -> None:
    mine, other = (list(inspect.signature(one).parameters.values()) for one in (ours, theirs))
    mine, other = ([(one.name, one.kind, one.default) for one in side] for side in (mine, other))
    assert mine == other, f"{where}{mine} differs from {other}"
