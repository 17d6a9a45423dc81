"""What a function calls at once: functions of ours, and blocking calls of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ai_catalyst.check.excuses import has_no_timeout, is_excused, is_handled, timed
from ai_catalyst.check.facts import Event, Expr
from ai_catalyst.check.handed import Handed
from ai_catalyst.check.infer import Inference, Value, shape_of
from ai_catalyst.check.program import ClassId, FunctionId, Program
from ai_catalyst.check.steps import Sink, Step
from ai_catalyst.check.twins import unfilled

__all__ = ["Edges"]

_VALIDATORS = ("field_validator", "model_validator", "validator", "root_validator")
_ELSEWHERE = ("await", "asyncwith", "asyncfor")
_ITERATES = frozenset(
    f"builtins.{name}"
    for name in (
        "list",
        "tuple",
        "set",
        "dict",
        "sorted",
        "sum",
        "max",
        "min",
        "next",
        "any",
        "all",
    )
)
_OURS_ONLY = {"[": "__getitem__", "]": "__setitem__", "?": "__contains__"}
_DUNDERS = {
    "w": ("__enter__", "__exit__"),
    "f": ("__iter__", "__next__"),
    **{kind: (name,) for kind, name in _OURS_ONLY.items()},
}
_TAKES_AWAITABLES = frozenset(
    {
        "wait_for",
        "gather",
        "shield",
        "create_task",
        "ensure_future",
        "run",
        "run_until_complete",
        "start_soon",
        "append",
        "wait",
        "as_completed",
        "run_coroutine_threadsafe",
        "run_async",
        "async_to_sync",
        "_run",
        "run_sync",
        "add",
        "maybe_await",
    }
)


class Edges:
    """Answers what each function calls; each answer is kept."""

    def __init__(self, program: Program, inference: Inference) -> None:
        """Look at one program."""
        self.program = program
        self.infer = inference
        self.catalogue = program.catalogue
        self._known: dict[FunctionId, tuple[list[Step], list[Sink]]] = {}
        self.handed = Handed(program, inference)

    def of(self, fid: FunctionId) -> tuple[list[Step], list[Sink]]:
        """Return the calls of ours and the blocking calls that a function makes."""
        known = self._known.get(fid)
        if known is None:
            known = self._known[fid] = self._read(fid)
        return known

    def _read(self, fid: FunctionId) -> tuple[list[Step], list[Sink]]:
        steps: list[Step] = []
        sinks: list[Sink] = []
        function = self.program.function(fid)
        for event in function.events:
            if event.kind == "p" and event.expr[2] not in self.program.properties:
                continue
            if event.kind in _OURS_ONLY and _OURS_ONLY[event.kind] not in self.program.dunders:
                continue
            for found in self._event(event, fid):
                (sinks if isinstance(found, Sink) else steps).append(found)  # type: ignore[arg-type]
        names = {sink.name for sink in sinks}
        return _unique(steps), _unique([s for s in sinks if not s.entry.folded_into & names])

    def _event(self, event: Event, fid: FunctionId) -> Iterator[Step | Sink]:
        if event.kind == "c":
            yield from self._call(event, fid)
        elif event.kind == "p":
            for base in self.infer.of(event.expr[1], fid):
                if base[0] in ("i", "s"):
                    yield from self._properties(event, base, fid)
        else:
            methods = _DUNDERS[event.kind]
            subject = event.expr[1] if event.kind == "[" else event.expr
            for value in self.infer.of(subject, fid):
                for method in methods:
                    yield from self._dunder(event, value, method, fid)

    def _properties(self, event: Event, base: Value, fid: FunctionId) -> Iterator[Step]:
        name = event.expr[2]
        ours, _ = self.infer.mro(base[1])
        below = [] if base[0] == "s" or base[2] else self.infer.subclasses(base[1])
        for cid in [
            *[c for c in ours[base[0] == "s" :] if name in self.program.cls(c).methods][:1],
            *below,
        ]:
            method = self.program.cls(cid).methods.get(name)
            if method is not None:
                target = (cid[0], method)
                function = self.program.function(target)
                if self.infer.is_property(function) and not function.is_async:
                    by_self = name if self._is_self(event.expr[1], fid) else ""
                    yield Step(event.line, target, base[1], by_self)

    def _dunder(
        self, event: Event, value: Value, method: str, fid: FunctionId
    ) -> Iterator[Step | Sink]:
        if value[0] == "x":
            path = f"{value[1]}.{method}"
            entry = self.catalogue.blocking.exact(path)
            if entry is not None and not is_handled(entry, self.program.function(fid)):
                yield Sink(event.line, path, entry)
        elif value[0] == "i":
            for member in self.infer.member(value, method):
                yield from self._target(event, member, fid)

    def _is_self(self, expr: Expr, fid: FunctionId) -> bool:
        return bool(expr) and expr[0] == "n" and expr[1] == self.infer.self_of(fid)

    def _by_self(self, callee: Expr, called: str, fid: FunctionId) -> str:
        """Return the method's name for ``self.method()`` and ``cls()``, else nothing."""
        if callee and callee[0] == "a" and self._is_self(callee[1], fid):
            return str(callee[2])
        return called.rpartition(".")[2] if self._is_self(callee, fid) else ""

    # --- calls

    def _call(self, event: Event, fid: FunctionId) -> Iterator[Step | Sink]:
        callee = event.expr[1]
        values = self.infer.of(callee, fid)
        function = self.program.function(fid)
        given = callee and callee[0] == "n" and any(p.name == callee[1] for p in function.params)
        if given and not function.is_async:
            values = tuple(
                v for v in values if v[0] not in ("f", "b")
            )  # the caller's edge, not ours
        if event.use == "await" and any(map(self._is_async, values)):
            return  # what is awaited is one of the async ones
        several = sum(value[0] == "b" for value in values) > 1
        for value in values:
            for found in self._target(event, value, fid):
                if several and isinstance(found, Step) and self._is_below(found):
                    found = replace(found, is_guess=True)
                yield found
        if not any(v[0] in ("x", "f", "b", "t", "i", "p") for v in values) or all(
            v[0] == "x" and v[1].startswith("builtins.object") for v in values
        ):
            yield from self._shaped(event, fid)

    def _is_below(self, step: Step) -> bool:
        """Tell whether a step leads to an override of a class below the one that is known."""
        owner = self.infer.owner(step.target)
        known = step.receiver
        return owner is not None and known is not None and owner not in self.infer.mro(known)[0]

    def _is_async(self, value: Value) -> bool:
        return value[0] in ("f", "b") and self.program.function(value[1]).is_async

    def _target(self, event: Event, value: Value, fid: FunctionId) -> Iterator[Step | Sink]:
        form = value[0]
        if form in ("f", "b"):
            yield from self._ours(event, value, fid)
        elif form == "t":
            exact = not self._is_self(event.expr[1], fid)
            for name in ("__init__", "__new__", "__post_init__"):
                for member in self.infer.member(("i", value[1], exact), name):
                    yield from self._target(event, member, fid)
            yield from self._validators(event, value[1])
        elif form == "i":
            for member in self.infer.member(value, "__call__"):
                yield from self._target(event, member, fid)
        elif form == "p":
            for inner in value[1]:
                yield from self._target(event, inner, fid)
        elif form == "x":
            yield from self._outside(event, value[1], fid)

    def _validators(self, event: Event, cid: ClassId) -> Iterator[Step]:
        """pydantic runs a model's validators when one is made."""
        for ancestor in self.infer.mro(cid)[0]:
            for method in self.program.cls(ancestor).methods.values():
                target = (ancestor[0], method)
                if self.infer.decorated(self.program.function(target), *_VALIDATORS):
                    yield Step(event.line, target, cid)

    def _ours(self, event: Event, value: Value, fid: FunctionId) -> Iterator[Step | Sink]:
        target: FunctionId = value[1]
        function = self.program.function(target)
        wrapped = self.handed.wrappers(target)
        if function.is_async or wrapped is None:
            return
        if function.is_generator and event.use.startswith("arg:") and not self._context(target):
            return  # the callee iterates it, or hands it to a thread: see _arguments
        named = event.use[1:] if event.use.startswith("=") and function.is_generator else ""
        if named and not self._context(target) and not self._is_run(named, fid):
            return  # nobody iterates it here
        receiver = value[2] if form_is_bound(value) else None
        callee: Expr = event.expr[1] if event.kind == "c" else None
        by_self = self._by_self(callee, function.name, fid)
        if not function.is_abstract:
            yield Step(event.line, target, receiver, by_self, event.use)
        elif event.kind == "c" and event.use not in _ELSEWHERE:
            open_one = unfilled(target, self.program, self.infer)
            if open_one is not None:
                yield Sink(event.line, *open_one, use=event.use)
        for wrapper in wrapped:
            yield Step(event.line, wrapper)
        if event.kind == "c":
            yield from self.handed.callbacks(event, target, fid)

    def _is_run(self, name: str, fid: FunctionId) -> bool:
        """Tell whether a function iterates what a name holds, or hands it on as it is."""
        for event in self.program.function(fid).events:
            if event.kind == "f" and tuple(event.expr or ()) == ("n", name):
                return True
            given = [*event.expr[2], *(v for _, v in event.expr[3])] if event.kind == "c" else ()
            if any(tuple(expr or ()) == ("n", name) for expr in given):
                return True
        returns = self.program.function(fid).returns
        return any(tuple(expr or ()) == ("n", name) for expr in returns)

    def _context(self, target: FunctionId) -> bool:
        return self.infer.decorated(self.program.function(target), "contextmanager")

    # --- others' calls

    def _outside(self, event: Event, path: str, fid: FunctionId) -> Iterator[Step | Sink]:
        if event.kind == "c":
            yield from self._foreign(event, path, fid)
            return
        entry = self.catalogue.blocks(path)
        if entry is not None and event.use not in _ELSEWHERE:
            yield Sink(event.line, path, entry)

    def _foreign(self, event: Event, path: str, fid: FunctionId) -> Iterator[Step | Sink]:
        if event.use in _ELSEWHERE:
            return
        function = self.program.function(fid)
        if event.use.startswith("=") and event.use[1:] in function.awaited:
            return
        entry = self.catalogue.blocks(path)
        if entry is not None and not is_excused(event.expr, entry, path, fid, self.program):
            exact = timed(event.expr, entry, path)
            yield Sink(event.line, path, exact, has_no_timeout(event.expr, entry), event.use)
        method = "__len__" if path == "builtins.len" else "__iter__"
        if (path in _ITERATES or path == "builtins.len") and event.expr[2]:
            for value in self.infer.of(event.expr[2][0], fid):
                yield from self._dunder(event, value, method, fid)
        yield from self._arguments(event, path, fid)

    def _arguments(self, event: Event, path: str, fid: FunctionId) -> Iterator[Step]:
        last = path.rpartition(".")[2]
        if self.catalogue.named("offload", path) or self.catalogue.named("offload_shapes", last):
            return
        invokes = self.catalogue.named("invoke", path)
        for expr in (*event.expr[2], *(value for _, value in event.expr[3])):
            if not expr:
                continue
            if invokes:
                yield from self.handed.referred(event.line, expr, fid)
            if expr[0] == "c":
                for value in self.infer.of(expr[1], fid):
                    if value[0] in ("f", "b") and self.program.function(value[1]).is_generator:
                        function = self.program.function(value[1])
                        if not function.is_async and self.handed.wrappers(value[1]) is not None:
                            receiver = value[2] if value[0] == "b" else None
                            yield Step(event.line, value[1], receiver)

    def _shaped(self, event: Event, fid: FunctionId) -> Iterator[Sink]:
        callee = event.expr[1]
        if not callee or callee[0] != "a" or event.use in _ELSEWHERE or event.use == "item":
            return
        path = shape_of(callee)
        entry = self.catalogue.shape(path)
        if entry is None or "async" in path.lower() or "aclient" in path or "_aio" in path:
            return
        function = self.program.function(fid)
        taken = event.use.startswith("arg:") and event.use[4:] in _TAKES_AWAITABLES
        awaited = event.use.startswith("=") and event.use[1:] in function.awaited
        handed_back = event.use == "return" and not function.is_async
        if not (taken or awaited or handed_back):
            yield Sink(event.line, path, entry)


def form_is_bound(value: Value) -> bool:
    """Tell whether a value is a method together with its object's class."""
    return value[0] == "b" and len(value) > 2


def _unique(found: Iterable[object]) -> list:  # type: ignore[type-arg]
    return list(dict.fromkeys(found))
