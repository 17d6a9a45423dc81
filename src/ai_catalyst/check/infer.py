"""What expressions may be: classes, functions and modules of ours, dotted names of others'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ai_catalyst.check.annotations import CONTAINERS, WRAPPERS, Annotations
from ai_catalyst.check.facts import Expr, FunctionFacts
from ai_catalyst.check.imports import Imports
from ai_catalyst.check.members import Members
from ai_catalyst.check.parameters import Parameters
from ai_catalyst.check.program import FunctionId
from ai_catalyst.check.values import Value, Values, few, shape_of

__all__ = ["Inference", "Value", "Values", "shape_of"]

_SAME = frozenset(
    {
        "builtins.list",
        "builtins.tuple",
        "builtins.set",
        "builtins.sorted",
        "builtins.iter",
        "builtins.reversed",
        "builtins.frozenset",
        "contextlib.closing",
        "contextlib.nullcontext",
        "contextlib.aclosing",
        "asyncio.wait_for",
        "asyncio.shield",
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.run",
        "copy.copy",
        "copy.deepcopy",
        "itertools.chain",
        "tqdm.tqdm",
        "weakref.proxy",
    }
)
_ELEMENT = frozenset(
    {"builtins.next", "builtins.min", "builtins.max", "builtins.anext", "random.choice"}
)
_SHORT = 4
_ITEMS = frozenset({"get", "pop", "popleft", "setdefault", "__getitem__", "get_nowait"})


class Inference(Annotations, Imports, Members, Parameters):
    """Answers what expressions may be, on demand; each answer is kept."""

    # --- expressions

    def of(self, expr: Expr, fid: FunctionId) -> Values:
        """Return what an expression in a function may be."""
        if not expr:
            return ()
        form = expr[0]
        if form == "n":
            return self.name(expr[1], fid)
        if form == "k":
            return _constant(expr)
        return self._once(("e", id(expr), fid), self._of, expr, fid)

    def _of(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return getattr(self, _FORMS[expr[0]])(expr, fid)  # type: ignore[no-any-return]

    def _attribute(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        stated = list(self._stated(expr))
        if stated:
            return stated
        bases = self.of(expr[1], fid)
        return self.attribute_of(bases, expr[2]) if bases else self._put_on(expr)

    def _stated(self, expr: Expr) -> Iterable[Value]:
        """Return what was put on an application's ``state`` (or the like) under this name."""
        base = expr[1]
        if not (base and base[0] == "a" and base[2] in ("state", "app", "extensions", "ctx")):
            return ()
        return [v for fid, e, _ in self.program.state.get(expr[2], ()) for v in self.of(e, fid)]

    def _put_on(self, expr: Expr) -> Iterable[Value]:
        """Return what was put on something of the same name: ``bot.db = …``, ``self.bot.db``."""
        holder = expr[1][-1] if expr[1] and expr[1][0] in ("n", "a") else None
        for fid, value, base in self.program.state.get(expr[2], ()):
            if holder and base and base[0] in ("n", "a") and base[-1] == holder:
                yield from self.of(value, fid)

    def _call(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        callee = expr[1]
        if callee == ("n", "super") or callee == ["n", "super"]:
            cid = self.owner(fid)
            return (("s", cid),) if cid else ()
        if callee and callee[0] == "a" and callee[2] == "__new__" and expr[2]:
            return [("i", v[1], True) for v in self.of(expr[2][0], fid) if v[0] == "t"]
        if callee and callee[0] == "a" and callee[2] in _ITEMS:
            held = [v for value in self.of(callee[1], fid) if value[0] == "l" for v in value[1]]
            if held:
                return held
        if callee and callee[0] == "a" and callee[2] in ("values", "items", "copy"):
            held = [value for value in self.of(callee[1], fid) if value[0] == "l"]
            if held:
                return held
        module = self.named_module(expr, fid)
        if module:
            return module
        return [v for value in self.of(callee, fid) for v in self.result(value, expr, fid)]

    def _awaited(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return self.of(expr[1], fid)

    def _subscript(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        found: list[Value] = []
        for value in self.of(expr[1], fid):
            if value[0] == "l":
                found += value[1]
            elif value[0] == "x":
                last = value[1].rpartition(".")[2]
                if last in WRAPPERS or last in CONTAINERS or last in ("type", "Type"):
                    found.append(("A", self.annotation(expr, fid)))
                else:
                    path = self.catalogue.item(value[1])
                    found += [("x", path)] if path else []
            elif value[0] == "i":
                found += self._returned_by(value, "__getitem__")
            elif value[0] == "t":
                found.append(value)
        return found

    def _returned_by(self, value: Value, method: str) -> Iterable[Value]:
        for bound in self.member(value, method):
            if bound[0] in ("b", "f"):
                yield from self.returned(bound[1])

    def _items(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        held = few(v for item in expr[1] for v in self.of(item, fid))
        return (("l", held),)

    def _either(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return [v for item in expr[1] for v in self.of(item, fid)]

    def _lambda(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return (("f", (fid[0], expr[1])),)

    def _element(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return [v for value in self.of(expr[1], fid) for v in self.element(value)]

    def element(self, value: Value) -> Iterable[Value]:
        """Return what iteration over a value gives."""
        if value[0] == "l":
            return value[1]  # type: ignore[no-any-return]
        if value[0] == "x":
            path = self.catalogue.element(value[1])
            return (("x", path),) if path else ()
        if value[0] == "i":
            made = list(self._returned_by(value, "__iter__"))
            held = [v for item in made if item[0] == "l" for v in item[1]]
            return held or list(self._returned_by(value, "__next__"))
        return ()

    def _entered(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        found: list[Value] = []
        for value in self.of(expr[1], fid):
            if value[0] == "l":
                found += value[1]
            elif value[0] == "x":
                path = self.catalogue.returns.get(f"{value[1]}.__enter__")
                found.append(("x", path) if path else value)
            elif value[0] == "i":
                method = "__aenter__" if expr[2] else "__enter__"
                found += self._returned_by(value, method) or (value,)
                found.append(value) if not found else None
        return found

    def _part(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        source = expr[1]
        if source and source[0] == "x":
            inner = source[1]
            if inner and inner[0] == "c" and inner[1] and inner[1][-1] in ("enumerate", "items"):
                if inner[1][-1] == "items":
                    return self._element(("x", inner), fid) if expr[2] == 1 else ()
                return self._element(("x", inner[2][0]), fid) if expr[2] == 1 and inner[2] else ()
            if (
                inner
                and inner[0] == "c"
                and inner[1]
                and inner[1][-1] == "zip"
                and expr[2] < len(inner[2])
            ):
                return self._element(("x", inner[2][expr[2]]), fid)
        by_place = list(self._placed(source, expr[2], fid))
        if by_place:
            return by_place
        return [v for value in self.of(source, fid) if value[0] == "l" for v in value[1]]

    def _placed(self, source: Expr, index: int, fid: FunctionId) -> Iterable[Value]:
        """Return the item at a place of the tuple that a function of ours returns."""
        call = source[1] if source and source[0] == "w" else source
        if not call or call[0] != "c":
            return
        for value in self.of(call[1], fid):
            if value[0] in ("f", "b"):
                for given in self.program.function(value[1]).returns:
                    if given and given[0] == "l" and index < len(given[1]) <= _SHORT:
                        yield from self.of(given[1][index], value[1])

    def _divided(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return [v for v in self.of(expr[1], fid) if v == ("x", "pathlib.Path")]

    def _imported(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return self.imported(fid[0], (expr[1], expr[2], expr[3]))

    # --- names

    def name(self, name: str, fid: FunctionId) -> Values:
        """Return what a name in a function may be."""
        return self._once(("n", name, fid), self._name, name, fid)

    def _name(self, name: str, fid: FunctionId) -> Iterable[Value]:
        module, number = fid
        functions = self.program.modules[module].facts.functions
        while number >= 0:
            function = functions[number]
            found = self._bound(name, function, (module, number))
            if found is not None:
                return found
            number = function.parent
        for level, dotted in functions[0].stars:
            target, full = self.program.absolute(module, level, dotted)
            if target is None:
                path = self.catalogue.canonical(f"{full}.{name}")
                if self.catalogue.blocks(path) or path in self.catalogue.returns:
                    return (("x", path),)
            else:
                there = self.name(name, (target, 0))
                if there and there[0] != ("x", f"builtins.{name}"):
                    return there
        if self.program.is_builtin(name):
            return (("x", self.catalogue.canonical(f"builtins.{name}")),)
        return ()

    def _bound(self, name: str, function: FunctionFacts, fid: FunctionId) -> list[Value] | None:
        found: list[Value] = []
        known = False
        for index, parameter in enumerate(function.params):
            if parameter.name == name:
                known = True
                found += self.parameter(fid, index)
        for kind, expr, scope in function.names.get(name, ()):
            known = True
            where = (fid[0], scope)
            found += self.annotation(expr, where) if kind == "a" else self.of(expr, where)
        if name in function.functions:
            known = True
            found.append(("f", (fid[0], function.functions[name])))
        if name in function.classes:
            known = True
            found.append(("t", (fid[0], function.classes[name])))
        if name in function.imports:
            known = True
            found += self.imported(fid[0], function.imports[name])
        return found if known else None

    # --- calls

    def result(self, value: Value, call: Expr, fid: FunctionId) -> Iterable[Value]:
        """Return what calling a value gives."""
        form = value[0]
        if form == "t":
            return (("i", value[1], True),)
        if form in ("f", "b"):
            found = self.returned(value[1])
            named = [] if any(map(_tells, found)) else list(self.named_in(call, fid))
            return named or found
        if form == "p":
            return [v for inner in value[1] for v in self.result(inner, None, fid)]
        if form == "i":
            return self._returned_by(value, "__call__")
        if form == "x":
            return self._foreign_result(value[1], call, fid)
        return ()

    def _foreign_result(self, path: str, call: Expr, fid: FunctionId) -> Iterable[Value]:
        arguments: Sequence[Expr] = call[2] if call else ()
        if path in _SAME and arguments:
            return self.of(arguments[0], fid)
        if path in _ELEMENT and arguments:
            return self._element(("x", arguments[0]), fid)
        if path == "functools.partial" and arguments:
            return (("p", self.of(arguments[0], fid)),)
        if path == "typing.cast" and len(arguments) > 1:
            return self.annotation(arguments[0], fid) or self.of(arguments[1], fid)
        if (
            path
            in (
                "dataclasses.field",
                "pydantic.Field",
                "pydantic.PrivateAttr",
                "attrs.field",
                "attr.ib",
            )
            and call
        ):
            made = [e for key, e in call[3] if key in ("default_factory", "factory")]
            return [
                v
                for e in made
                for made_by in self.of(e, fid)
                for v in self.result(made_by, None, fid)
            ]
        if (
            arguments
            and path not in self.catalogue.returns
            and self.catalogue.named("offload", path)
        ):
            position = 1 if path.endswith("run_in_executor") else 0
            if position < len(arguments) and not path[path.rfind(".") + 1].isupper():
                return [
                    v for f in self.of(arguments[position], fid) for v in self.result(f, None, fid)
                ]
        if self.loads_by_name(path):
            return self.named_in(call, fid)
        found = self.catalogue.result(path)
        return (("x", found),) if found else ()


def _tells(value: Value) -> bool:
    return not (value[0] == "x" and value[1].startswith("builtins."))


def _constant(expr: Expr) -> Values:
    if expr[1] not in ("str", "bytes"):
        return ()
    plain = ("x", f"builtins.{expr[1]}")
    return (("y", expr[2]), plain) if "." in expr[2] else (plain,)


_FORMS = {
    "a": "_attribute",
    "c": "_call",
    "w": "_awaited",
    "i": "_subscript",
    "l": "_items",
    "d": "_items",
    "o": "_either",
    "f": "_lambda",
    "x": "_element",
    "e": "_entered",
    "t": "_part",
    "/": "_divided",
    "q": "_imported",
}
