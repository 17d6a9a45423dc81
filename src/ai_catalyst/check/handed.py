"""Functions that are handed around: to decorators, and to functions that call them at once."""

from __future__ import annotations

from collections.abc import Iterator

from ai_catalyst.check.facts import Event, Expr
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program
from ai_catalyst.check.steps import Step

__all__ = ["Handed"]


class Handed:
    """Answers what becomes of a function that is a value; each answer is kept."""

    def __init__(self, program: Program, inference: Inference) -> None:
        """Look at one program."""
        self.program = program
        self.infer = inference
        self.catalogue = program.catalogue
        self._invoked: dict[FunctionId, frozenset[str]] = {}

    def wrappers(self, target: FunctionId) -> list[FunctionId] | None:
        """Return the sync functions that decorators put around one; None: it runs elsewhere."""
        function = self.program.function(target)
        found: list[FunctionId] = []
        outer = (target[0], max(function.parent, 0))
        for decorator in function.decorators:
            for value in self.infer.of(decorator, outer):
                if value[0] == "x" and self._takes_away(value[1]):
                    return None
                if value[0] in ("f", "b"):
                    made = [v[1] for v in self.infer.returned(value[1]) if v[0] == "f"]
                    inside = [w for w in made if self.program.is_inside(w, value[1])]
                    sync = [w for w in inside if not self.program.function(w).is_async]
                    if made and not sync and target not in made and not function.is_async:
                        return None
                    found += sync
        return found

    def _takes_away(self, path: str) -> bool:
        bare = path.removesuffix("()")
        return self.catalogue.named("offload_decorators", bare)

    def callbacks(self, event: Event, target: FunctionId, fid: FunctionId) -> Iterator[Step]:
        """Return steps to what a call hands over and the callee calls at once."""
        invoked = self.invoked(target)
        if not invoked:
            return
        function = self.program.function(target)
        offset = function.cls >= 0 and not self.infer.decorated(function, "staticmethod")
        names = [p.name for p in function.params if p.form == "p"][offset:]
        pairs = [*zip(names, event.expr[2], strict=False), *event.expr[3]]
        for name, handed in pairs:
            if name in invoked:
                yield from self.referred(event.line, handed, fid)

    def referred(self, line: int, expr: Expr, fid: FunctionId) -> Iterator[Step]:
        """Return steps to the plain functions that an expression refers to."""
        for value in self.infer.of(expr, fid):
            for inner in value[1] if value[0] == "p" else (value,):
                if inner[0] in ("f", "b") and not self.program.function(inner[1]).is_async:
                    yield Step(line, inner[1], inner[2] if inner[0] == "b" else None)

    def invoked(self, fid: FunctionId) -> frozenset[str]:
        """Return the parameters that a function calls at once."""
        known = self._invoked.get(fid)
        if known is not None:
            return known
        self._invoked[fid] = frozenset()
        function = self.program.function(fid)
        own = {p.name for p in function.params}
        found = set()
        for event in function.events:
            if event.kind != "c":
                continue
            callee = event.expr[1]
            if callee and callee[0] == "n" and callee[1] in own:
                found.add(callee[1])
            handed = [a[1] for a in event.expr[2] if a and a[0] == "n" and a[1] in own]
            if handed and callee:
                found |= self._passed_on(event, set(handed), fid)
        self._invoked[fid] = frozenset(found)
        return self._invoked[fid]

    def _passed_on(self, event: Event, handed: set[str], fid: FunctionId) -> set[str]:
        found: set[str] = set()
        for value in self.infer.of(event.expr[1], fid):
            if value[0] == "x" and self.catalogue.named("invoke", value[1]):
                found |= handed
            elif value[0] in ("f", "b") and value[1] != fid:
                inner = self.invoked(value[1])
                function = self.program.function(value[1])
                names = [p.name for p in function.params if p.form == "p"][function.cls >= 0 :]
                for name, expr in zip(names, event.expr[2], strict=False):
                    if name in inner and expr and expr[0] == "n" and expr[1] in handed:
                        found.add(expr[1])
        return found
