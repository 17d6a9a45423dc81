"""Clients made for every call, and calls that may wait for ever: advice beside the findings."""

from __future__ import annotations

from collections.abc import Iterator

from ai_catalyst.check.facts import Event, FunctionFacts
from ai_catalyst.check.finding import Finding, Place
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["advise"]

_LONG_LIVED = (
    "main",
    "amain",
    "async_main",
    "lifespan",
    "startup",
    "start",
    "setup",
    "connect",
    "init",
    "initialize",
    "on_startup",
    "run",
    "open",
    "__aenter__",
    "cli",
    "serve",
)
_MAKERS = (
    "get_",
    "create_",
    "make_",
    "build_",
    "init_",
    "_get_",
    "_create_",
    "_init_",
    "setup_",
    "ensure_",
    "_ensure_",
    "new_",
    "_make_",
    "test_",
    "open_",
    "connect_",
    "_connect",
    "start_",
    "run_",
)


def advise(fid: FunctionId, program: Program, inference: Inference) -> Iterator[Finding]:
    """Return the advice on one async function."""
    function = program.function(fid)
    path = program.modules[fid[0]].path
    for event in function.events:
        if event.kind != "c":
            continue
        for value in inference.of(event.expr[1], fid):
            if value[0] != "x":
                continue
            name = value[1]
            place = Place(path, event.line, function.name)
            if program.catalogue.named("clients", name) and _per_call(event, function):
                yield _advice(
                    place,
                    name,
                    "client",
                    "make one and keep it: app state, an attribute, a lifespan",
                    "a new client for every call: no connection is used twice",
                )
            if program.catalogue.named("endless", name) and _endless(event):
                yield _advice(
                    place,
                    name,
                    "timeout",
                    "give a time-out in seconds",
                    "timeout=None: this waits for ever",
                )


def _per_call(event: Event, function: FunctionFacts) -> bool:
    name = function.name.rpartition(".")[2]
    if name in _LONG_LIVED or name.startswith(_MAKERS) or function.is_generator:
        return event.loop
    if event.use.startswith("=") and any(
        expr and expr[0] == "n" and expr[1] == event.use[1:] for expr in function.returns
    ):
        return False
    kept = event.use == "" or event.use.startswith(("arg:", "return", "item", "=."))
    return event.loop or not kept


def _endless(event: Event) -> bool:
    return any(
        key in ("timeout", "total") and value and value[0] == "k" and value[2] == "None"
        for key, value in event.expr[3]
    )


def _advice(place: Place, sink: str, kind: str, replacement: str, message: str) -> Finding:
    return Finding(
        file=place.file,
        line=place.line,
        root=place.name,
        sink=sink,
        kind=kind,
        replacement=replacement,
        chain=(place, Place(place.file, place.line, sink)),
        severity="note",
        cost_ms=0.0,
        message=message,
    )
