"""For a class with sync twins: each ``x_async`` has a twin ``x`` that takes the same arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any


def assert_twins(kind: type, *, without: Iterable[str] = ()) -> list[str]:
    """Check each public ``x_async`` of a class against its twin ``x``; return the names checked.

    ``without`` names async methods that have no twin on purpose.
    """
    names = [
        name.removesuffix("_async")
        for name in dir(kind)
        if name.endswith("_async") and not name.startswith("_") and name not in set(without)
    ]
    assert names, f"{kind.__name__} has no method that ends with _async"
    for name in names:
        assert_twin(kind, name)
    return names


def assert_twin(kind: type, name: str) -> None:
    """Check one pair: both are there, with equal arguments and defaults, and one is sync."""
    method: Any = getattr(kind, f"{name}_async")
    twin: Any = getattr(kind, name, None)
    where = f"{kind.__name__}.{name}"
    assert twin is not None, f"{where}_async has no sync twin"
    assert not inspect.iscoroutinefunction(twin), f"{where} must be sync"
    assert not inspect.isasyncgenfunction(twin), f"{where} must be sync"
    ours, theirs = inspect.signature(twin), inspect.signature(method)
    assert list(ours.parameters.values()) == list(theirs.parameters.values()), (
        f"{where}{ours} differs from {name}_async{theirs}"
    )
