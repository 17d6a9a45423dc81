"""Whether a plain function hands on something to be awaited: then it does not block by itself."""

from __future__ import annotations

from collections.abc import Iterator

from ai_catalyst.check.facts import Expr
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["Awaitables"]

_AWAITABLE = frozenset(
    {"Any", "Awaitable", "Coroutine", "Future", "Task", "Generator", "object", "Self", "Callable"}
)

_OPEN = frozenset({"Optional", "Union", "Annotated"})


class Awaitables:
    """Answers for each function; each answer is kept."""

    def __init__(self, program: Program, inference: Inference) -> None:
        """Look at one program."""
        self.program = program
        self.infer = inference
        self._awaitable: dict[FunctionId, bool] = {}

    def may_be_awaited(self, fid: FunctionId) -> bool:
        """Tell whether what a plain function returns may be awaited: it hands on a coroutine."""
        known = self._awaitable.get(fid)
        if known is None:
            self._awaitable[fid] = False
            function = self.program.function(fid)
            known = self._says_awaitable(function.annotation, fid) and any(
                self._is_awaitable(expr, fid) for expr in function.returns
            )
            self._awaitable[fid] = known
        return known

    def _says_awaitable(self, annotation: Expr, fid: FunctionId) -> bool:
        """Tell whether an annotation leaves room for something awaitable."""
        names = set(_names_in(annotation))
        if not names or names & _AWAITABLE or any(len(n) <= 2 or n.endswith("T") for n in names):
            return True
        values = self.infer.annotation(annotation, fid)
        return any(v[0] == "i" and bool(self.infer.member(v, "__await__")) for v in values)

    def _is_awaitable(self, expr: Expr, fid: FunctionId) -> bool:
        if not expr or expr[0] in ("k", "l", "d", "f", "w"):
            return False
        if expr[0] == "o":
            return any(self._is_awaitable(item, fid) for item in expr[1])
        if expr[0] != "c":
            return True
        values = self.infer.of(expr[1], fid)
        if values and all(v[0] == "t" for v in values):
            return any(self.infer.member(("i", v[1], True), "__await__") for v in values)
        targets = [v[1] for v in values if v[0] in ("f", "b")]
        return not targets or any(
            self.program.function(t).is_async or self.may_be_awaited(t) for t in targets
        )


def _names_in(annotation: Expr) -> Iterator[str]:
    if annotation and annotation[0] in ("n", "a"):
        yield annotation[-1]
    elif annotation and annotation[0] == "i":
        outer = list(_names_in(annotation[1]))
        yield from outer
        if outer[-1:] and outer[-1] in _OPEN:
            yield from _names_in(annotation[2])
    elif annotation and annotation[0] in ("o", "l"):
        for item in annotation[1]:
            yield from _names_in(item)
