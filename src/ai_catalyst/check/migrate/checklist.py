"""What is done and what is open: databases, HTTP, files, cache, third-party code, tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program
from ai_catalyst.check.reach import TINY_MS

__all__ = ["SUBJECTS", "Item", "checklist"]

SUBJECTS = ("databases", "HTTP", "files", "cache", "third-party", "tests")
_CACHES = ("redis.", "pymemcache.", "memcache.", "diskcache.", "pylibmc.", "valkey.")
_HTTP = ("requests.", "urllib", "http.client.", "httpx.", "aiohttp.", "httplib2.", "socket.")
_DONE = (
    "asyncpg.",
    "aiosqlite.",
    "aiomysql.",
    "asyncmy.",
    "motor.",
    "sqlalchemy.ext.asyncio.",
    "redis.asyncio.",
    "httpx.AsyncClient",
    "aiohttp.",
    "aiofiles.",
    "asyncio.sleep",
    "asyncio.to_thread",
    "asyncio.create_subprocess",
    "anyio.",
    "ai_catalyst.io.",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One place: its subject, whether it is done, where, and what stands there."""

    subject: str
    done: bool
    file: str
    line: int
    what: str


def checklist(program: Program) -> list[Item]:
    """Return every place that waits for something, in the order of subject, file and line."""
    inference = Inference(program)
    offloaded = _offloaded(program, inference)
    found: set[Item] = set()
    for number, module in enumerate(program.modules):
        for index in range(len(module.facts.functions)):
            found.update(_items((number, index), program, inference, offloaded))
    return sorted(found, key=lambda i: (SUBJECTS.index(i.subject), i.file, i.line, i.what))


def _items(
    fid: FunctionId, program: Program, inference: Inference, offloaded: set[FunctionId]
) -> Iterator[Item]:
    function = program.function(fid)
    path = program.modules[fid[0]].path
    name = function.name.rpartition(".")[2]
    blocks = False
    for event in function.events:
        if event.kind != "c" or event.line in program.modules[fid[0]].facts.allowed:
            continue
        for value in inference.of(event.expr[1], fid):
            if value[0] != "x" or value[1] == "asyncio.run":
                continue
            entry = program.catalogue.blocks(value[1])
            if entry is not None and entry.cost_ms >= TINY_MS and event.use != "await":
                blocks = blocks or fid not in offloaded
                what = value[1].removeprefix("builtins.")
                subject = _subject(value[1], entry.kind)
                yield Item(subject, fid in offloaded, path, event.line, what)
            elif value[1].startswith(_DONE) and event.use in ("await", "asyncwith"):
                yield Item(_subject(value[1], ""), True, path, event.line, value[1])
    if name.startswith("test_") and (function.is_async or blocks):
        yield Item("tests", function.is_async, path, function.line, function.name)


def _subject(path: str, kind: str) -> str:
    if path.startswith(_CACHES):
        return "cache"
    if path.startswith(_HTTP):
        return "HTTP"
    if kind == "database" or path.startswith(_DONE[:6]):
        return "databases"
    if kind == "file" or path.startswith("aiofiles."):
        return "files"
    return "third-party"


def _offloaded(program: Program, inference: Inference) -> set[FunctionId]:
    """Return the functions that are handed to a thread, and all that they call."""
    from ai_catalyst.check.edges import Edges

    edges = Edges(program, inference)
    found: set[FunctionId] = set()
    for name in ("to_thread", "run_in_executor", "run_in_threadpool", "run_sync", "submit"):
        for caller, event in program.calls_of.get(name, ()):
            for expr in event.expr[2][:2]:
                for value in inference.of(expr, caller) if expr else ():
                    if value[0] in ("f", "b"):
                        found.add(value[1])
    waiting = list(found)
    while waiting:
        for step in edges.of(waiting.pop())[0]:
            if step.target not in found:
                found.add(step.target)
                waiting.append(step.target)
    return found
