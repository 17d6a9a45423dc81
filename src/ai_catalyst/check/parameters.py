"""What functions are handed, and what they give back."""

from __future__ import annotations

from collections.abc import Iterable

from ai_catalyst.check.answers import Answers
from ai_catalyst.check.facts import Expr
from ai_catalyst.check.program import FunctionId
from ai_catalyst.check.values import MOST_CALLERS, Value, Values, few, is_plain, is_variable

__all__ = ["Parameters"]


class Parameters(Answers):
    """Finds parameters by annotation, default and callers, and results by annotation and body."""

    def parameter(self, fid: FunctionId, index: int) -> Values:
        """Return what a parameter may be: by annotation, default, or what callers hand in."""
        return self._once(("p", fid, index), self._parameter, fid, index)

    def _parameter(self, fid: FunctionId, index: int) -> Iterable[Value]:
        function = self.program.function(fid)
        parameter = function.params[index]
        if function.cls >= 0 and index == 0 and not self.decorated(function, "staticmethod"):
            cid = (fid[0], function.cls)
            is_class = self.decorated(function, "classmethod") or parameter.name == "cls"
            return (("t", cid),) if is_class else (("i", cid, False),)
        if parameter.form in ("*", "**"):
            return ()
        outer = (fid[0], max(function.parent, 0))
        found = [v for v in self.annotation(parameter.annotation, outer) if not is_variable(v)]
        found += self.given(parameter.default, outer)
        if found and not all(value[0] == "y" or value == ("x", "builtins.str") for value in found):
            return found
        if parameter.annotation is not None and is_plain(parameter.annotation):
            return found
        return [*found, *self._handed(fid, index)]

    def given(self, default: Expr, fid: FunctionId) -> Iterable[Value]:
        """Return what a default gives; ``Depends(f)`` gives what f gives."""
        if (
            default
            and default[0] == "c"
            and default[1]
            and default[1][-1] in ("Depends", "Security", "Provide", "Inject")
        ):
            arguments = default[2] or [value for _, value in default[3]]
            return self._provided(arguments[0], fid) if arguments else ()
        return self.of(default, fid)

    def _provided(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        found: list[Value] = []
        for value in self.of(expr, fid):
            for made in self.result(value, None, fid):
                found += made[1] if made[0] == "l" else (made,)
        return found

    def _handed(self, fid: FunctionId, index: int) -> Iterable[Value]:
        """Return what callers hand in for a parameter that says nothing of itself."""
        function = self.program.function(fid)
        name = function.name.rpartition(".")[2]
        if name == "<lambda>":
            return ()
        wanted = function.params[index].name
        is_method = function.cls >= 0 and not self.decorated(function, "staticmethod")
        if name == "__init__" and function.cls >= 0:
            name = self.program.cls((fid[0], function.cls)).name.rpartition(".")[2]
        found: list[Value] = []
        callers = self.program.calls_of.get(name, [])[:MOST_CALLERS]
        if function.name.endswith("__init__"):
            callers = callers + self.program.calls_of.get("cls", [])[:MOST_CALLERS]
        for caller, event in callers:
            expr = event.expr
            handed = next((value for key, value in expr[3] if key == wanted), None)
            position = index - is_method
            if handed is None and 0 <= position < len(expr[2]):
                handed = expr[2][position]
            if handed is not None and self._calls(expr[1], caller, fid):
                found += self.of(handed, caller)
        return [*found, *self._decorated_with(fid)] if index == is_method else found

    def _decorated_with(self, fid: FunctionId) -> Iterable[Value]:
        """Return the functions that a decorator is written above: it is handed them."""
        function = self.program.function(fid)
        names = {function.name.rpartition(".")[2]}
        if function.parent > 0:
            outer = self.program.modules[fid[0]].facts.functions[function.parent]
            names.add(outer.name.rpartition(".")[2])
        for name in names:
            for other in self.program.decorated_by.get(name, ())[:MOST_CALLERS]:
                decorated = self.program.function(other)
                scope = (other[0], max(decorated.parent, 0))
                for decorator in decorated.decorators:
                    if any(v[0] in ("f", "b") and v[1] == fid for v in self.of(decorator, scope)):
                        yield "f", other

    def _calls(self, callee: Expr, caller: FunctionId, fid: FunctionId) -> bool:
        function = self.program.function(fid)
        for value in self.of(callee, caller):
            if value[0] in ("f", "b") and value[1] == fid:
                return True
            if value[0] == "t" and function.name.endswith("__init__"):
                return any(v[1] == fid for v in self.member(value, "__init__") if v[0] == "b")
        return False

    def returned(self, fid: FunctionId) -> Values:
        """Return what a function gives back; a generator gives a container of what it yields."""
        return self._once(("r", fid), self._returned, fid)

    def _returned(self, fid: FunctionId) -> Iterable[Value]:
        function = self.program.function(fid)
        outer = (fid[0], max(function.parent, 0))
        declared = self.annotation(function.annotation, outer)
        if function.is_generator:
            if declared and declared[0][0] == "l" and declared[0][1]:
                return declared
            yielded = few(v for expr in function.yields for v in self.of(expr, fid))
            return (("l", yielded),)
        found = [v for expr in function.returns for v in self.of(expr, fid)]
        if declared and found and all(v[0] in ("i", "x", "l") for v in declared):
            internal = [v for v in found if v[0] == "i" and v[2]]
            return internal or declared
        return declared or found
