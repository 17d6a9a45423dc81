"""Read one file's source into its facts; nothing is imported or run."""

# ruff: noqa: N802, N815 - methods are named after the nodes they read

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable

from ai_catalyst.check.expressions import Expressions
from ai_catalyst.check.facts import ClassFacts, FileFacts, FunctionFacts, Parameter
from ai_catalyst.check.scopes import fresh

__all__ = ["extract"]
_ALLOWED = re.compile(rb"#\s*(?:noqa|catalyst):\s*blocking\s*(?:\(([^)\r\n]*)\))?", re.IGNORECASE)
_WORDS = ("setblocking", "sock_recv", "sock_connect", "sock_sendall", "sock_accept")
_MOST_BYTES = 20 * 2**20


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


class _File(Expressions):
    """Walks one tree, statement by statement; each expression is read once."""

    def read(self, tree: ast.Module) -> FileFacts:
        self.function = fresh("<module>", 1, -1)
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
        function = fresh(prefix + node.name, node.lineno, self.number, self.cls)
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
        value = self.expr(node.value, _given_to(target))
        for target in node.targets:
            self.target(target, value, node.value)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.target(node.target, self.annotation(node.annotation), None, "a")
        if node.value is not None:
            self.target(node.target, self.expr(node.value, _given_to(node.target)), node.value)

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


def _given_to(target: ast.expr) -> str:
    """Return the use of a value that is given to a name or an attribute."""
    if isinstance(target, ast.Attribute):
        return f"=.{target.attr}"
    return f"={target.id}" if isinstance(target, ast.Name) else ""
