"""A sync method without a body whose class has the same one async: whoever fills it in may wait."""

from __future__ import annotations

from collections.abc import Iterator

from ai_catalyst.check.catalogue import Entry
from ai_catalyst.check.facts import Expr
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["unfilled"]

_COST_MS = 20
_AWAITABLE = frozenset({"Awaitable", "Coroutine", "AsyncIterator", "AsyncGenerator", "Future"})


def unfilled(fid: FunctionId, program: Program, inference: Inference) -> tuple[str, Entry] | None:
    """Return the name and the entry of an abstract method that has an async twin, else None."""
    function = program.function(fid)
    if function.cls < 0 or not function.is_abstract:
        return None
    if _AWAITABLE & set(_names(function.annotation)):
        return None
    cid = (fid[0], function.cls)
    name = function.name.rpartition(".")[2]
    for twin in _twins(name):
        for value in inference.member(("i", cid, False), twin):
            if value[0] == "b" and program.function(value[1]).is_async:
                advice = f"await ….{twin}(…): the class has it async too"
                return function.name, Entry("network", _COST_MS, advice)
    return None


def _twins(name: str) -> tuple[str, ...]:
    bare = name.lstrip("_")
    under = name[: len(name) - len(bare)]
    if not bare or name.startswith("__"):
        return ()
    return f"{under}a{bare}", f"{under}async_{bare}", f"{under}{bare}_async", f"{under}a_{bare}"


def _names(annotation: Expr) -> Iterator[str]:
    if annotation and annotation[0] in ("n", "a"):
        yield annotation[-1]
    elif annotation and annotation[0] == "i":
        yield from _names(annotation[1])
