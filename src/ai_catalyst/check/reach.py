"""From every async function, follow the calls to everything that blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from ai_catalyst.check.advice import advise
from ai_catalyst.check.awaitables import Awaitables
from ai_catalyst.check.edges import Edges
from ai_catalyst.check.finding import Finding, Place, severity_of
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import ClassId, FunctionId, Program
from ai_catalyst.check.roots import Roots
from ai_catalyst.check.steps import Sink, Step

__all__ = ["TINY_MS", "reach"]

TINY_MS = 0.1
"""Calls that usually take less are told of only when asked for."""

ONCE_MS = 50
"""What takes less and happens once (its result is kept) is no more than a note."""

SLIGHT_MS = 2
"""What takes no more and happens once in a program's life is told of only when asked for."""

_MOST_STEPS = 10
_MOST_STATES = 3000
_MOST_GUESSES = 1
"""How many steps may lead to one override of several; chains of such guesses never come true."""

State = tuple[FunctionId, ClassId | None, bool]
"""A function, the class of its object, and whether what it returns is awaited."""


def reach(program: Program, *, everything: bool = False) -> list[Finding]:
    """Return all findings, in the order of their places.

    ``everything`` adds calls that usually take under 0.1 ms, and roots in tests.
    """
    return _Reach(program, everything=everything).findings()


class _Reach:
    def __init__(self, program: Program, *, everything: bool) -> None:
        self.program = program
        self.infer = Inference(program)
        self.edges = Edges(program, self.infer)
        self.awaitables = Awaitables(program, self.infer)
        self.roots = Roots(program, self.infer)
        self.everything = everything

    def findings(self) -> list[Finding]:
        found: list[Finding] = []
        for fid in self.roots.find(everything=self.everything):
            found += self.from_root(fid)
            found += advise(fid, self.program, self.infer)
        return sorted(found, key=lambda f: (f.file, f.line, f.sink, f.root))

    # --- the way

    def from_root(self, root: FunctionId) -> Iterator[Finding]:
        start: State = (root, self.infer.owner(root), False)
        came: dict[State, tuple[State, int] | None] = {start: None}
        waiting: deque[tuple[State, int, int]] = deque([(start, 0, 0)])
        seen: set[tuple[int, int, str]] = set()
        while waiting and len(came) < _MOST_STATES:
            state, depth, guesses = waiting.popleft()
            steps, sinks = self.edges.of(state[0])
            for sink in sinks:
                key = (state[0][0], sink.line, sink.name)
                if state[2] and sink.use == "return":
                    continue  # what is awaited is no blocking call, whatever its name
                if key not in seen and (self.everything or sink.entry.cost_ms >= TINY_MS):
                    seen.add(key)
                    finding = self._finding(root, state, sink, came)
                    if self.everything or not _is_slight(finding):
                        yield finding
            if depth >= _MOST_STEPS:
                continue
            for step in steps:
                beyond = guesses + step.is_guess
                for target in self._next(step, state) if beyond <= _MOST_GUESSES else ():
                    if target not in came and not self.program.function(target[0]).is_async:
                        came[target] = (state, step.line)
                        waiting.append((target, depth + 1, beyond))

    def _next(self, step: Step, state: State) -> Iterator[State]:
        """Return where a step leads; ``self.method()`` goes by the class we know self to be."""
        receiver = state[1]
        awaited = step.use == "await" or (state[2] and step.use == "return")
        if awaited and not self.awaitables.may_be_awaited(step.target):
            return
        if step.by_self and receiver is not None and step.receiver is not None:
            owner = self.infer.owner(step.target)
            if owner is not None and not self._may_run(owner, receiver, step.by_self):
                return
            yield step.target, receiver, awaited
        else:
            yield step.target, step.receiver, awaited

    def _may_run(self, owner: ClassId, receiver: ClassId, name: str) -> bool:
        """Tell whether a method of one class may run on an object of another, or of one below."""
        ours, _ = self.infer.mro(receiver)
        first = next((c for c in ours if name in self.program.cls(c).methods), None)
        return owner == first or owner in self.infer.subclasses(receiver) or first is None

    def _finding(
        self,
        root: FunctionId,
        state: State,
        sink: Sink,
        came: dict[State, tuple[State, int] | None],
    ) -> Finding:
        places = [self._place(state, sink.line)]
        once = self._is_kept(state)
        in_all = self._is_kept(state, "cache", "lru_cache")
        before = came[state]
        while before is not None:
            state, line = before
            places.append(self._place(state, line))
            once = once or self._is_kept(state)
            in_all = in_all or self._is_kept(state, "cache", "lru_cache")
            before = came[state]
        places.reverse()
        once = once and sink.entry.cost_ms < ONCE_MS
        told = ["no time-out: it may block for ever"] if sink.no_timeout else []
        told += [_ONCE if in_all else _ONCE_EACH] if once else []
        name = sink.name.removeprefix("builtins.")
        serves = self.roots.serves(root)
        places.append(Place(places[-1].file, sink.line, name))
        return Finding(
            file=places[0].file,
            line=places[0].line,
            root=places[0].name,
            sink=name,
            kind=sink.entry.kind,
            replacement=sink.entry.advice(name),
            chain=tuple(places),
            severity="note" if once else severity_of(sink.entry.cost_ms, serves=serves),
            cost_ms=sink.entry.cost_ms,
            message="; ".join(told),
            allowed=self._allowed(places, root),
        )

    def _is_kept(self, state: State, *how: str) -> bool:
        function = self.program.function(state[0])
        return self.infer.decorated(function, *(how or _KEEPING))

    def _place(self, state: State, line: int) -> Place:
        fid = state[0]
        return Place(self.program.modules[fid[0]].path, line, self.program.function(fid).name)

    def _allowed(self, places: list[Place], root: FunctionId) -> str:
        """Return the reason given by a ``# noqa: blocking(reason)`` on the way."""
        files = {m.path: m.facts.allowed for m in self.program.modules if m.facts.allowed}
        for place in places:
            reason = files.get(place.file, {}).get(place.line)
            if reason:
                return reason
        module = self.program.modules[root[0]]
        return module.facts.allowed.get(self.program.function(root).line, "")


def _is_slight(finding: Finding) -> bool:
    return _ONCE in finding.message and finding.cost_ms <= SLIGHT_MS


_ONCE = "once: the result is kept"
_ONCE_EACH = "once an object: the result is kept"
_KEEPING = ("cache", "lru_cache", "cached_property")
