"""What an expression may be: classes, functions and modules of ours, dotted names of others'.

A value is a tuple, its first item the form: ``x`` a dotted name of another library, ``i`` an
instance of a class (and whether of exactly that class), ``t`` a class, ``f`` a function, ``b`` a
bound method, ``m`` a module, ``l`` a container, ``s`` what ``super()`` gives, ``p`` a partial,
``A`` an annotation kept under a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from ai_catalyst.check.facts import Expr, FunctionFacts
from ai_catalyst.check.program import ClassId, FunctionId, Program

__all__ = ["Inference", "Value", "Values", "shape_of"]

Value: TypeAlias = tuple[Any, ...]
Values: TypeAlias = tuple[Value, ...]

_MOST_VALUES = 10
_MOST_DEPTH = 60
_MOST_CALLERS = 40
_WRAPPERS = frozenset(
    {
        "Optional",
        "Union",
        "Annotated",
        "ClassVar",
        "Final",
        "Required",
        "NotRequired",
        "Awaitable",
        "Coroutine",
        "InitVar",
        "ReadOnly",
        "Mapped",
        "AsyncContextManager",
        "ContextManager",
        "AbstractContextManager",
        "AbstractAsyncContextManager",
    }
)
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"})
_CONTAINERS = _MAPPINGS | {
    "list",
    "List",
    "Sequence",
    "Iterable",
    "Iterator",
    "set",
    "Set",
    "frozenset",
    "FrozenSet",
    "tuple",
    "Tuple",
    "Generator",
    "AsyncGenerator",
    "AsyncIterator",
    "AsyncIterable",
    "Collection",
    "deque",
    "Deque",
    "MutableSequence",
    "ContextVar",
}
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
_ITEMS = frozenset({"get", "pop", "popleft", "setdefault", "__getitem__", "get_nowait"})


class Inference:
    """Answers what expressions may be, on demand; each answer is kept."""

    def __init__(self, program: Program) -> None:
        """Look at one program."""
        self.program = program
        self.catalogue = program.catalogue
        self._known: dict[tuple[Any, ...], Values] = {}
        self._open: set[tuple[Any, ...]] = set()
        self._depth = 0
        self._mros: dict[ClassId, tuple[list[ClassId], list[str]]] = {}
        self._subclasses: dict[ClassId, list[ClassId]] = {}

    def _once(self, key: tuple[Any, ...], method: Any, *args: Any) -> Values:
        found = self._known.get(key)
        if found is not None:
            return found
        if key in self._open or self._depth > _MOST_DEPTH:
            return ()
        self._open.add(key)
        self._depth += 1
        try:
            found = _few(method(*args))
        finally:
            self._open.discard(key)
            self._depth -= 1
        self._known[key] = found
        return found

    # --- expressions

    def of(self, expr: Expr, fid: FunctionId) -> Values:
        """Return what an expression in a function may be."""
        if not expr:
            return ()
        form = expr[0]
        if form == "n":
            return self.name(expr[1], fid)
        if form == "k":
            return (("x", f"builtins.{expr[1]}"),) if expr[1] in ("str", "bytes") else ()
        return self._once(("e", id(expr), fid), self._of, expr, fid)

    def _of(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        return getattr(self, _FORMS[expr[0]])(expr, fid)  # type: ignore[no-any-return]

    def _attribute(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        stated = list(self._stated(expr))
        if stated:
            return stated
        return self.attribute_of(self.of(expr[1], fid), expr[2])

    def _stated(self, expr: Expr) -> Iterable[Value]:
        """Return what was put on an application's ``state`` (or the like) under this name."""
        base = expr[1]
        if not (base and base[0] == "a" and base[2] in ("state", "app", "extensions", "ctx")):
            return ()
        return [v for fid, e, _ in self.program.state.get(expr[2], ()) for v in self.of(e, fid)]

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
                if last in _WRAPPERS or last in _CONTAINERS or last in ("type", "Type"):
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
        held = _few(v for item in expr[1] for v in self.of(item, fid))
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
        return [v for value in self.of(source, fid) if value[0] == "l" for v in value[1]]

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

    def imported(self, module: int, bound: tuple[int, str, str]) -> Values:
        """Return what an import binds."""
        level, dotted, name = bound
        target, full = self.program.absolute(module, level, dotted)
        if not name:
            return (("m", target),) if target is not None else self._foreign(full)
        if target is None:
            below = self.program.find(module, f"{full}.{name}") if not level else None
            return (("m", below),) if below is not None else self._foreign(f"{full}.{name}")
        found = self.namespace(target, name)
        return found or ((("x", f"{full}.{name}"),) if self.catalogue.blocks(full) else ())

    def _foreign(self, dotted: str) -> Values:
        return (("x", self.catalogue.canonical(dotted)),)

    def namespace(self, module: int, name: str) -> Values:
        """Return what a module holds under a name: its own, or a module below it."""
        facts = self.program.modules[module].facts
        if not facts.functions:
            return ()
        found = self.name(name, (module, 0))
        if found and found != (("x", f"builtins.{name}"),):
            return found
        below = self.program.submodule(module, name)
        return (("m", below),) if below is not None else ()

    # --- parameters and returns

    def owner(self, fid: FunctionId) -> ClassId | None:
        """Return the class whose method a function is, or is nested in."""
        functions = self.program.modules[fid[0]].facts.functions
        number = fid[1]
        while number >= 0:
            if functions[number].cls >= 0:
                return fid[0], functions[number].cls
            number = functions[number].parent
        return None

    def self_of(self, fid: FunctionId) -> str | None:
        """Return the name by which a method knows its object."""
        functions = self.program.modules[fid[0]].facts.functions
        number = fid[1]
        while number > 0 and functions[number].cls < 0:
            number = functions[number].parent
        function = functions[max(number, 0)]
        if function.cls < 0 or not function.params or self.decorated(function, "staticmethod"):
            return None
        return function.params[0].name

    def decorated(self, function: FunctionFacts, *names: str) -> bool:
        """Tell whether a decorator's last name is one of these."""
        for decorator in function.decorators:
            while decorator and decorator[0] == "c":
                decorator = decorator[1]
            if decorator and decorator[0] in ("n", "a") and decorator[-1] in names:
                return True
        return False

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
        found = [v for v in self.annotation(parameter.annotation, outer) if not _is_variable(v)]
        found += self._given(parameter.default, outer)
        if found and not all(value == ("x", "builtins.str") for value in found):
            return found
        if parameter.annotation is not None and _plain(parameter.annotation):
            return found
        return [*found, *self._handed(fid, index)]

    def _given(self, default: Expr, fid: FunctionId) -> Iterable[Value]:
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
        if name == "__init__":
            name = self.program.cls((fid[0], function.cls)).name.rpartition(".")[2]
        found: list[Value] = []
        callers = self.program.calls_of.get(name, [])[:_MOST_CALLERS]
        if function.name.endswith("__init__"):
            callers = callers + self.program.calls_of.get("cls", [])[:_MOST_CALLERS]
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
            for other in self.program.decorated_by.get(name, ())[:_MOST_CALLERS]:
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
            yielded = _few(v for expr in function.yields for v in self.of(expr, fid))
            return (("l", yielded),)
        found = [v for expr in function.returns for v in self.of(expr, fid)]
        if declared and found and all(v[0] in ("i", "x", "l") for v in declared):
            internal = [v for v in found if v[0] == "i" and v[2]]
            return internal or declared
        return declared or found

    # --- calls

    def result(self, value: Value, call: Expr, fid: FunctionId) -> Iterable[Value]:
        """Return what calling a value gives."""
        form = value[0]
        if form == "t":
            return (("i", value[1], True),)
        if form in ("f", "b"):
            return self.returned(value[1])
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
        found = self.catalogue.result(path)
        return (("x", found),) if found else ()

    # --- members

    def attribute_of(self, bases: Values, name: str) -> Values:
        """Return what an attribute of any of these values may be."""
        return _few(v for base in bases for v in self.member(base, name))

    def member(self, base: Value, name: str) -> Values:
        """Return what one value holds under a name."""
        form = base[0]
        if form == "x":
            return (("x", self.catalogue.attribute(base[1], name)),)
        if form in ("i", "t", "s"):
            return self._once(("m", base, name), self._member, base, name)
        if form == "m":
            return self.namespace(base[1], name)
        if form in ("f", "b") and name in ("delay", "apply_async"):
            function = self.program.function(base[1])
            return (
                (("x", f"celery.Task.{name}"),)
                if self.decorated(function, "task", "shared_task")
                else ()
            )
        return ()

    def _member(self, base: Value, name: str) -> Iterable[Value]:
        cid = base[1]
        found = list(self._own(cid, base, name, skip=base[0] == "s"))
        if not found:
            found = [*self._put_from_outside(cid, name), *self._delegated(cid, name)]
        if base[0] == "i" and not base[2]:
            below = self.subclasses(cid)
            if len(below) <= 12 or not found:
                for sub in below[:30]:
                    found += self._direct(sub, base, name)
                    if not found:
                        found += self._own(sub, base, name)
        return found

    def _put_from_outside(self, cid: ClassId, name: str) -> Iterable[Value]:
        """Return what others assigned to an attribute: ``config.client = Client()``."""
        for fid, expr, base in self.program.state.get(name, ())[:_MOST_CALLERS]:
            if any(v[0] in ("i", "t") and v[1] == cid for v in self.of(base, fid)):
                yield from self.of(expr, fid)

    def _delegated(self, cid: ClassId, name: str) -> Iterable[Value]:
        """Return what ``__getattr__`` finds when it asks another object by the same name."""
        method = self.program.cls(cid).methods.get("__getattr__")
        if method is None or name.startswith("__"):
            return
        fid = (cid[0], method)
        for expr in self.program.function(fid).returns:
            if expr and expr[0] == "c" and expr[1] and expr[1][-1] == "getattr" and expr[2]:
                yield from self.attribute_of(self.of(expr[2][0], fid), name)

    def _own(self, cid: ClassId, base: Value, name: str, *, skip: bool = False) -> Iterable[Value]:
        ours, theirs = self.mro(cid)
        for ancestor in ours[skip:]:
            found = self._direct(ancestor, base, name)
            if found:
                return found
        for path in theirs:
            whole = self.catalogue.attribute(path, name)
            if (
                self.catalogue.blocks(whole)
                or whole in self.catalogue.returns
                or not whole.startswith(path)
            ):
                return (("x", whole),)
        return ()

    def _direct(self, cid: ClassId, base: Value, name: str) -> list[Value]:
        cls = self.program.cls(cid)
        if name in cls.methods:
            fid = (cid[0], cls.methods[name])
            function = self.program.function(fid)
            if base[0] != "t" and self.is_property(function):
                return list(self.returned(fid)) or [("x", "builtins.object")]
            return [("b", fid, base[1])]
        if name in cls.classes:
            return [("t", (cid[0], cls.classes[name]))]
        found: list[Value] = []
        for scope, kind, expr in cls.attrs.get(name, ()):
            fid = (cid[0], scope)
            values = self.annotation(expr, fid) if kind == "a" else self.of(expr, fid)
            if scope == cls.scope and kind == "v" and not values:
                values = self._class_level(cid, expr)
            found += values
        return found

    def _class_level(self, cid: ClassId, expr: Expr) -> Values:
        if expr and expr[0] == "n":
            return self.member(("t", cid), expr[1])
        return ()

    def is_property(self, function: FunctionFacts) -> bool:
        """Tell whether a method is read like an attribute."""
        return self.decorated(
            function,
            "property",
            "cached_property",
            "hybrid_property",
            "computed_field",
            "classproperty",
            "lazyproperty",
            "async_property",
        )

    def mro(self, cid: ClassId) -> tuple[list[ClassId], list[str]]:
        """Return a class and its ancestors of ours, and the dotted names of others below it."""
        known = self._mros.get(cid)
        if known is not None:
            return known
        ours: list[ClassId] = [cid]
        theirs: list[str] = []
        self._mros[cid] = (ours, theirs)
        for expr in self.program.cls(cid).bases:
            for value in self.of(expr, (cid[0], self.program.cls(cid).scope)):
                if value[0] == "t" and value[1] != cid:
                    more, foreign = self.mro(value[1])
                    ours += [c for c in more if c not in ours]
                    theirs += [p for p in foreign if p not in theirs]
                elif value[0] == "x":
                    theirs.append(value[1])
        return self._mros[cid]

    def subclasses(self, cid: ClassId) -> list[ClassId]:
        """Return every class below one of ours."""
        known = self._subclasses.get(cid)
        if known is None:
            known = self._subclasses[cid] = []
            name = self.program.cls(cid).name.rpartition(".")[2]
            for child in self.program.children.get(name, ()):
                if child != cid and cid in self.mro(child)[0] and child not in known:
                    known.append(child)
                    known += [c for c in self.subclasses(child) if c not in known]
            if self._is_protocol(cid):
                known += [c for c in self._like(cid) if c not in known]
        return known

    def _is_protocol(self, cid: ClassId) -> bool:
        return any(path.endswith(".Protocol") for path in self.mro(cid)[1])

    def _like(self, cid: ClassId) -> Iterable[ClassId]:
        protocol = self.program.cls(cid).methods
        wanted = {
            name: self.program.function((cid[0], method)).is_async
            for name, method in protocol.items()
            if not name.startswith("__")
        }
        if not wanted:
            return
        count = 0
        for number, module in enumerate(self.program.modules):
            for index, cls in enumerate(module.facts.classes):
                if wanted.keys() <= cls.methods.keys() and (number, index) != cid and count < 12:
                    methods = module.facts.functions
                    if any(methods[cls.methods[n]].is_async != a for n, a in wanted.items()):
                        continue
                    count += 1
                    yield number, index

    # --- annotations

    def annotation(self, expr: Expr, fid: FunctionId) -> Values:
        """Return the instances that an annotation allows."""
        if not expr:
            return ()
        return self._once(("a", id(expr), fid), self._annotation, expr, fid)

    def _annotation(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        form = expr[0]
        if form == "o":
            return [v for item in expr[1] for v in self.annotation(item, fid)]
        if form in ("n", "a"):
            return [v for value in self.of(expr, fid) for v in _instances(value)]
        if form == "c":
            return self._given(expr, fid)
        return self._generic(expr, fid) if form == "i" else ()

    def _generic(self, expr: Expr, fid: FunctionId) -> Iterable[Value]:
        base = expr[1]
        last = base[-1] if base and base[0] in ("n", "a") else ""
        index = expr[2]
        items = index[1] if index and index[0] == "l" else (index,)
        if last in ("type", "Type"):
            return [("t", v[1]) if v[0] == "i" else v for v in self.annotation(index, fid)]
        if last == "Annotated" and items:
            found = list(self.annotation(items[0], fid))
            for extra in items[1:]:
                if extra and extra[0] == "c":
                    found += (
                        self._given(extra, fid) if extra[1] and extra[1][-1] == "Depends" else ()
                    )
            return found
        if last in _WRAPPERS:
            return [v for item in items for v in self.annotation(item, fid)]
        if last in _CONTAINERS:
            held = items[-1:] if last in _MAPPINGS else items[:1]
            if last in ("tuple", "Tuple"):
                held = items
            return (("l", _few(v for item in held for v in self.annotation(item, fid))),)
        return self.annotation(base, fid)


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


def _instances(value: Value) -> Iterable[Value]:
    if value[0] == "t":
        return (("i", value[1], False),)
    if value[0] == "A":
        return value[1]  # type: ignore[no-any-return]
    return (value,) if value[0] == "x" else ()


def _is_variable(value: Value) -> bool:
    """Tell whether a value is a type variable, which says nothing by itself."""
    variables = ("typing.TypeVar", "typing_extensions.TypeVar")
    return value[0] == "x" and str(value[1]).startswith(variables)


def _few(values: Iterable[Value]) -> Values:
    found: list[Value] = []
    for value in values:
        if value not in found:
            found.append(value)
            if len(found) >= _MOST_VALUES:
                break
    return tuple(found)


def _plain(annotation: Expr) -> bool:
    """Tell whether an annotation says enough: a builtin type needs no look at the callers."""
    return (
        bool(annotation)
        and annotation[0] == "n"
        and annotation[1] in ("str", "int", "bytes", "float", "bool", "dict", "list")
    )


def shape_of(expr: Expr) -> str:
    """Return an expression's path as text: ``self.client.chat.create``, ``f().x``, ``a[].b``."""
    parts: list[str] = []
    while expr:
        if expr[0] == "a":
            parts.append("." + expr[2])
            expr = expr[1]
        elif expr[0] in ("c", "i"):
            parts.append("()" if expr[0] == "c" else "[]")
            expr = expr[1]
        elif expr[0] == "n":
            parts.append(expr[1])
            break
        else:
            break
    return "".join(reversed(parts))
