"""Read one file's source into its facts; nothing is imported or run."""

# ruff: noqa: N802, N815 - methods are named after the nodes they read

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable

from ai_catalyst.check.facts import (
    ClassFacts,
    Event,
    Expr,
    FileFacts,
    FunctionFacts,
    Parameter,
)

__all__ = ["extract"]

_ALLOWED = re.compile(rb"#\s*(?:noqa|catalyst):\s*blocking\s*(?:\(([^)\r\n]*)\))?", re.IGNORECASE)
_WORDS = ("setblocking", "sock_recv", "sock_connect", "sock_sendall", "sock_accept")
_MOST_BYTES = 20 * 2**20
_KEPT_ARGUMENTS = 12
_KEPT_ITEMS = 4
_MOST_KNOWN = 12
_EAGER = frozenset(
    {
        *("sum", "any", "all", "list", "tuple", "set", "frozenset", "sorted", "max", "min"),
        *("dict", "join", "next", "extend", "update", "Counter", "deque"),
    }
)
"""What iterates over a generator expression at once."""
_PUTS = frozenset({"append", "add", "appendleft", "insert", "register", "put_nowait"})


def extract(data: bytes, *, notebook: bool = False) -> FileFacts:
    """Return the facts of a file; one that cannot be parsed says so in ``problem``."""
    if len(data) > _MOST_BYTES:
        return FileFacts(problem=f"larger than {_MOST_BYTES >> 20} MiB: left out")
    try:
        if notebook:
            data = _cells(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
        facts = _File().read(tree)
    except SyntaxError as error:
        return FileFacts(problem=_syntax(error, data))
    except (ValueError, RecursionError, MemoryError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return FileFacts(problem=f"cannot be parsed: {what}")
    facts.lines = data.count(b"\n") + 1
    facts.words = [word for word in _WORDS if word.encode() in data]
    if b"blocking" in data:
        facts.allowed = _allowances(data)
    return facts


def _syntax(error: SyntaxError, data: bytes) -> str:
    message = f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
    python_2 = re.search(
        rb"^\s*(print\s+[\"'\w]|except\s+\w+\s*,\s*\w+:|exec\s+[\"'])", data, re.MULTILINE
    )
    return f"not Python 3 (it looks like Python 2): {message}" if python_2 else message


def _allowances(data: bytes) -> dict[int, str]:
    found = {}
    for number, line in enumerate(data.splitlines(), 1):
        match = _ALLOWED.search(line)
        if match:
            found[number] = (match[1] or b"").decode("utf-8", "replace").strip()
    return found


def _cells(data: bytes) -> bytes:
    book = json.loads(data)
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        raise ValueError("not a notebook")
    lines: list[str] = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            text = source if isinstance(source, str) else "".join(map(str, source))
            lines += [
                re.sub(r"^(\s*)[%!?].*", r"\1pass", line) for line in text.splitlines() or [""]
            ]
    return "\n".join(lines).encode()


class _File:
    """Walks one tree, statement by statement; each expression is read once."""

    def __init__(self) -> None:
        self.facts = FileFacts(functions=[], classes=[], state=[])
        self.function = FunctionFacts("<module>", 1, -1)
        self.number = 0
        self.cls = -1
        self.loop = 0
        self.globals: set[str] = set()

    def read(self, tree: ast.Module) -> FileFacts:
        self.function = _fresh("<module>", 1, -1)
        self.facts.functions.append(self.function)
        self.body(tree.body)
        return self.facts

    # --- statements

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for node in statements:
            method = getattr(self, f"on_{type(node).__name__}", None)
            if method is None:
                self.other(node)
            else:
                method(node)

    def other(self, node: ast.AST) -> None:
        for _, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.expr):
                    self.expr(child)
                elif isinstance(child, ast.stmt):
                    self.body([child])
                elif isinstance(child, ast.AST):
                    self.other(child)

    def on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.function.imports[alias.asname] = (0, alias.name, "")
            else:
                top = alias.name.partition(".")[0]
                self.function.imports[top] = (0, top, "")

    def on_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.function.stars.append((node.level, node.module or ""))
            else:
                bound = (node.level, node.module or "", alias.name)
                known = self.function.imports.get(alias.asname or alias.name)
                if known is not None and known != bound:
                    expr = ("q", *bound)
                    self.bind(alias.asname or alias.name, "v", expr)
                else:
                    self.function.imports[alias.asname or alias.name] = bound

    def on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self.expr(item) for item in node.decorator_list]
        arguments = node.args
        params = [
            *self.parameters([*arguments.posonlyargs, *arguments.args], arguments.defaults, "p"),
            *self.parameters(arguments.kwonlyargs, arguments.kw_defaults, "k"),
            *([Parameter(arguments.vararg.arg, None, None, "*")] if arguments.vararg else []),
            *([Parameter(arguments.kwarg.arg, None, None, "**")] if arguments.kwarg else []),
        ]
        prefix = self.prefix()
        function = _fresh(prefix + node.name, node.lineno, self.number, self.cls)
        function.is_async = isinstance(node, ast.AsyncFunctionDef)
        function.params, function.decorators = params, decorators
        function.annotation = self.annotation(node.returns)
        number = self.enter(function, node.body)
        if self.cls >= 0:
            methods = self.facts.classes[self.cls].methods
            is_setter = any(d and d[0] == "a" and d[2] in ("setter", "deleter") for d in decorators)
            if not (is_setter and node.name in methods):
                methods[node.name] = number
        else:
            self.function.functions[node.name] = number

    on_AsyncFunctionDef = on_FunctionDef

    def prefix(self) -> str:
        if self.cls >= 0:
            return f"{self.facts.classes[self.cls].name}."
        return f"{self.function.name}." if self.number else ""

    def parameters(
        self, nodes: list[ast.arg], defaults: list[ast.expr | None] | list[ast.expr], form: str
    ) -> list[Parameter]:
        missing = len(nodes) - len(defaults)
        found = []
        for index, node in enumerate(nodes):
            default = defaults[index - missing] if index >= missing else None
            value = None if default is None else self.expr(default)
            found.append(Parameter(node.arg, self.annotation(node.annotation), value, form))
        return found

    def enter(self, function: FunctionFacts, body: list[ast.stmt] | ast.expr) -> int:
        number = len(self.facts.functions)
        self.facts.functions.append(function)
        kept = self.function, self.number, self.cls, self.loop, self.globals
        self.function, self.number, self.cls = function, number, -1
        self.loop, self.globals = 0, set()
        if isinstance(body, list):
            self.body(body)
        else:
            function.returns.append(self.expr(body, "return"))
        self.function, self.number, self.cls, self.loop, self.globals = kept
        return number

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        bases = [self.expr(base) for base in node.bases]
        for keyword in node.keywords:
            self.expr(keyword.value)
        for item in node.decorator_list:
            self.expr(item)
        cls = ClassFacts(self.prefix() + node.name, node.lineno, self.number, bases, {}, {}, {})
        number = len(self.facts.classes)
        self.facts.classes.append(cls)
        if self.cls >= 0:
            self.facts.classes[self.cls].classes[node.name] = number
        else:
            self.function.classes[node.name] = number
        kept, self.cls = self.cls, number
        self.body(node.body)
        self.cls = kept

    def on_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.function.returns.append(self.expr(node.value, "return"))

    def on_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        value = self.expr(node.value, f"={target.id}" if isinstance(target, ast.Name) else "")
        for target in node.targets:
            self.target(target, value, node.value)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.target(node.target, self.annotation(node.annotation), None, "a")
        if node.value is not None:
            self.target(node.target, self.expr(node.value), node.value)

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        self.expr(node.value)

    def on_Global(self, node: ast.Global) -> None:
        self.globals.update(node.names)

    def on_For(self, node: ast.For | ast.AsyncFor) -> None:
        is_async = isinstance(node, ast.AsyncFor)
        value = self.expr(node.iter, "asyncfor" if is_async else "for")
        if not is_async:
            self.event("f", node.iter.lineno, value, "for")
        self.target(node.target, ("x", value), None)
        self.loop += 1
        self.body(node.body)
        self.loop -= 1
        self.body(node.orelse)

    on_AsyncFor = on_For

    def on_While(self, node: ast.While) -> None:
        self.loop += 1
        self.expr(node.test)
        self.body(node.body)
        self.loop -= 1
        self.body(node.orelse)

    def on_With(self, node: ast.With | ast.AsyncWith) -> None:
        is_async = isinstance(node, ast.AsyncWith)
        for item in node.items:
            use = "asyncwith" if is_async else "with"
            value = self.expr(item.context_expr, use)
            if not is_async:
                self.event("w", item.context_expr.lineno, value, use)
            if item.optional_vars is not None:
                self.target(item.optional_vars, ("e", value, is_async), None)
        self.body(node.body)

    on_AsyncWith = on_With

    def on_If(self, node: ast.If) -> None:
        self.expr(node.test)
        self.body(node.body)
        self.body(node.orelse)

    def target(self, node: ast.expr, value: Expr, source: ast.expr | None, kind: str = "v") -> None:
        if isinstance(node, ast.Name):
            self.bind(node.id, kind, value)
        elif isinstance(node, ast.Tuple | ast.List):
            items = source.elts if isinstance(source, ast.Tuple | ast.List) else None
            for index, item in enumerate(node.elts[:20]):
                part: Expr = ("t", value, index)
                if items is not None and len(items) == len(node.elts) and value[0] == "l":
                    part = value[1][index] if index < len(value[1]) else None
                self.target(item, part, None)
        elif isinstance(node, ast.Starred):
            self.target(node.value, value, None)
        elif isinstance(node, ast.Attribute):
            self.assign_attribute(node, value, kind)
        elif isinstance(node, ast.Subscript):
            self.expr(node.value)
            self.expr(node.slice)
            self.holds(node.value, value)

    def holds(self, container: ast.expr, value: Expr) -> None:
        """Note what is put into a container under a name or in an attribute of ``self``."""
        if not value or value[0] == "k":
            return
        if isinstance(container, ast.Attribute):
            owner = self.owner()
            if owner is None or not isinstance(container.value, ast.Name):
                return
            function, cls = owner
            if function.params and function.params[0].name == container.value.id:
                known = self.facts.classes[cls].attrs.setdefault(container.attr, [])
                if len(known) < _MOST_KNOWN:
                    known.append((self.number, "v", ("l", (value,))))
        elif isinstance(container, ast.Name) and self.cls < 0:
            scope = self.scope_of(container.id)
            known_names = scope.names.get(container.id) if scope is not None else None
            if known_names is not None and len(known_names) < _MOST_KNOWN:
                known_names.append(("v", ("l", (value,)), self.number))

    def scope_of(self, name: str) -> FunctionFacts | None:
        """Return the function, or the module, that has bound a name so far."""
        function: FunctionFacts | None = self.function
        while function is not None and name not in function.names:
            if any(parameter.name == name for parameter in function.params):
                return None
            function = self.facts.functions[function.parent] if function.parent >= 0 else None
        return function

    def bind(self, name: str, kind: str, value: Expr) -> None:
        if self.cls >= 0:
            self.facts.classes[self.cls].attrs.setdefault(name, []).append(
                (self.number, kind, value)
            )
            return
        scope = self.facts.functions[0] if name in self.globals else self.function
        known = scope.names.setdefault(name, [])
        if len(known) < _MOST_KNOWN:
            known.append((kind, value, self.number))

    def assign_attribute(self, node: ast.Attribute, value: Expr, kind: str) -> None:
        owner = self.owner()
        if isinstance(node.value, ast.Name) and owner is not None:
            function, cls = owner
            if function.params and function.params[0].name == node.value.id:
                known = self.facts.classes[cls].attrs.setdefault(node.attr, [])
                if len(known) < _MOST_KNOWN:
                    known.append((self.number, kind, value))
                return
            if node.value.id == self.facts.classes[cls].name:
                self.facts.classes[cls].attrs.setdefault(node.attr, []).append(
                    (self.number, kind, value)
                )
                return
        base = self.expr(node.value)
        if value is not None and len(self.facts.state) < 500:
            self.facts.state.append((node.attr, self.number, value, base))

    def owner(self) -> tuple[FunctionFacts, int] | None:
        function = self.function
        while function.cls < 0 and function.parent > 0:
            function = self.facts.functions[function.parent]
        return (function, function.cls) if function.cls >= 0 else None

    # --- expressions

    def event(self, kind: str, line: int, expr: Expr, use: str) -> None:
        self.function.events.append(Event(kind, line, expr, use, self.loop > 0))

    def expr(self, node: ast.expr, use: str = "") -> Expr:
        method = getattr(self, f"of_{type(node).__name__}", None)
        if method is not None:
            return method(node, use)
        self.other(node)
        return None

    def of_Name(self, node: ast.Name, use: str) -> Expr:
        return ("n", node.id)

    def of_Constant(self, node: ast.Constant, use: str) -> Expr:
        value = node.value
        return (
            "k",
            type(value).__name__,
            repr(value) if not isinstance(value, str | bytes) else "",
        )

    def of_JoinedStr(self, node: ast.JoinedStr, use: str) -> Expr:
        self.other(node)
        return ("k", "str", "")

    def of_Attribute(self, node: ast.Attribute, use: str) -> Expr:
        found = ("a", self.expr(node.value, "attr"), node.attr)
        if use != "callee" and isinstance(node.ctx, ast.Load):
            self.event("p", node.lineno, found, use)
        return found

    def of_Call(self, node: ast.Call, use: str) -> Expr:
        named = _named_attribute(node)
        if named is not None:
            return self.expr(named, use)
        self.narrow(node)
        callee = self.expr(node.func, "callee")
        as_argument = f"arg:{callee[-1] if callee and callee[0] in 'na' else ''}"
        arguments = [self.expr(item, as_argument) for item in node.args]
        keywords = [
            (item.arg or "**", self.expr(item.value, as_argument)) for item in node.keywords
        ]
        found = (
            "c",
            callee,
            tuple(arguments[:_KEPT_ARGUMENTS]),
            tuple(keywords[:_KEPT_ARGUMENTS]),
            node.lineno,
        )
        if isinstance(node.func, ast.Attribute) and node.func.attr in _PUTS and arguments:
            self.holds(node.func.value, arguments[-1])
        line = getattr(node.func, "end_lineno", None) or node.lineno
        self.event("c", line if isinstance(node.func, ast.Attribute) else node.lineno, found, use)
        return found

    def narrow(self, node: ast.Call) -> None:
        """``isinstance(x, C)`` says what a parameter may be that says nothing itself."""
        if not (isinstance(node.func, ast.Name) and node.func.id == "isinstance"):
            return
        if len(node.args) != 2 or not isinstance(node.args[0], ast.Name):
            return
        name = node.args[0].id
        if any(p.name == name and p.annotation is None for p in self.function.params):
            kinds = node.args[1]
            for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
                self.bind(name, "a", self.annotation(kind))

    def of_Await(self, node: ast.Await, use: str) -> Expr:
        if isinstance(node.value, ast.Name):
            self.function.awaited.append(node.value.id)
        return ("w", self.expr(node.value, "await"))

    def of_Yield(self, node: ast.Yield, use: str) -> Expr:
        self.function.is_generator = True
        if node.value is not None:
            self.function.yields.append(self.expr(node.value, "return"))

    def of_YieldFrom(self, node: ast.YieldFrom, use: str) -> Expr:
        self.function.is_generator = True
        self.function.yields.append(("x", self.expr(node.value, "for")))

    def of_Subscript(self, node: ast.Subscript, use: str) -> Expr:
        found = ("i", self.expr(node.value, "attr"), self.expr(node.slice))
        self.event("[", node.lineno, found, use)
        return found

    def of_Tuple(self, node: ast.Tuple | ast.List | ast.Set, use: str) -> Expr:
        return ("l", tuple([self.expr(item, "item") for item in node.elts][:_KEPT_ITEMS]))

    of_List = of_Set = of_Tuple

    def of_Dict(self, node: ast.Dict, use: str) -> Expr:
        for key in node.keys:
            if key is not None:
                self.expr(key)
        return ("d", tuple([self.expr(item, "item") for item in node.values][:_KEPT_ITEMS]))

    def of_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, use: str) -> Expr:
        is_lazy = isinstance(node, ast.GeneratorExp) and use.removeprefix("arg:") not in _EAGER
        self.generators(node.generators, lazy=is_lazy)
        found = ("l", (self.expr(node.elt, "item"),))
        self.loop -= 1
        return found

    of_SetComp = of_GeneratorExp = of_ListComp

    def of_DictComp(self, node: ast.DictComp, use: str) -> Expr:
        self.generators(node.generators)
        self.expr(node.key)
        found = ("d", (self.expr(node.value, "item"),))
        self.loop -= 1
        return found

    def generators(self, generators: list[ast.comprehension], *, lazy: bool = False) -> None:
        for index, item in enumerate(generators):
            value = self.expr(item.iter, "asyncfor" if item.is_async else "lazy" if lazy else "for")
            if not item.is_async and not lazy:
                self.event("f", item.iter.lineno, value, "for")
            self.target(item.target, ("x", value), None)
            self.loop += index == 0
            for test in item.ifs:
                self.expr(test)

    def of_IfExp(self, node: ast.IfExp, use: str) -> Expr:
        self.expr(node.test)
        return ("o", (self.expr(node.body, use), self.expr(node.orelse, use)))

    def of_BoolOp(self, node: ast.BoolOp, use: str) -> Expr:
        return ("o", tuple([self.expr(value, use) for value in node.values]))

    def of_BinOp(self, node: ast.BinOp, use: str) -> Expr:
        rights: list[ast.expr] = []
        left: ast.expr = node
        operator: ast.operator = node.op
        while isinstance(left, ast.BinOp):  # long sums lean to the left: no recursion over them
            rights.append(left.right)
            operator = left.op
            left = left.left
        found = self.expr(left)
        others = [self.expr(right) for right in reversed(rights)]
        if isinstance(operator, ast.BitOr):
            return ("o", (found, *others))
        return ("/", found) if isinstance(operator, ast.Div) else None

    def of_NamedExpr(self, node: ast.NamedExpr, use: str) -> Expr:
        value = self.expr(node.value, f"={node.target.id}")
        self.target(node.target, value, node.value)
        return value

    def of_Starred(self, node: ast.Starred, use: str) -> Expr:
        return self.expr(node.value, "item")

    def of_Lambda(self, node: ast.Lambda, use: str) -> Expr:
        function = _fresh(f"{self.prefix()}<lambda>", node.lineno, self.number)
        names = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        function.params = [Parameter(item.arg, None, None, "p") for item in names]
        return ("f", self.enter(function, node.body))

    # --- annotations

    def annotation(self, node: ast.expr | None) -> Expr:
        if node is None:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.annotation(ast.parse(node.value, mode="eval").body)
            except (SyntaxError, ValueError, RecursionError):
                return None
        if isinstance(node, ast.Name):
            return ("n", node.id)
        if isinstance(node, ast.Attribute):
            return ("a", self.annotation(node.value), node.attr)
        if isinstance(node, ast.Subscript):
            return ("i", self.annotation(node.value), self.annotation(node.slice))
        if isinstance(node, ast.Tuple | ast.List):
            return ("l", tuple([self.annotation(item) for item in node.elts][:_KEPT_ITEMS]))
        if isinstance(node, ast.BinOp):
            return ("o", (self.annotation(node.left), self.annotation(node.right)))
        if isinstance(node, ast.Call):
            return self.expr(node)
        return None


def _named_attribute(node: ast.Call) -> ast.Attribute | None:
    """Return ``a.b`` for ``getattr(a, "b")``."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "getattr") or node.keywords:
        return None
    if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
        return None
    name = node.args[1].value
    if not isinstance(name, str) or not name.isidentifier():
        return None
    made = ast.Attribute(node.args[0], name, ast.Load())
    return ast.copy_location(made, node)


def _fresh(name: str, line: int, parent: int, cls: int = -1) -> FunctionFacts:
    return FunctionFacts(name, line, parent, cls)
