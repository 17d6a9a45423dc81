"""Expressions and annotations as the nested tuples of `facts`; each is read once."""

# ruff: noqa: D102, N802, N815 - methods are named after the nodes they read

from __future__ import annotations

import ast
import re
from abc import abstractmethod

from ai_catalyst.check.facts import Expr, FunctionFacts, Parameter
from ai_catalyst.check.scopes import Scopes, fresh

__all__ = ["Expressions"]

_KEPT_ARGUMENTS = 12
_KEPT_ITEMS = 24
_KEPT_AS_IT_IS = 4
_LONGEST_NAME = 120
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_EAGER = frozenset(
    {
        *("sum", "any", "all", "list", "tuple", "set", "frozenset", "sorted", "max", "min"),
        *("dict", "join", "next", "extend", "update", "Counter", "deque"),
    }
)
"""What iterates over a generator expression at once."""
_PUTS = frozenset({"append", "add", "appendleft", "insert", "register", "put_nowait"})


class Expressions(Scopes):
    """Reads expressions, and notes the calls and other events in them."""

    @abstractmethod
    def other(self, node: ast.AST) -> None:
        """Read what stands in a node of no interest."""

    @abstractmethod
    def enter(self, function: FunctionFacts, body: list[ast.stmt] | ast.expr) -> int:
        """Read a function's body and return its number."""

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
        if isinstance(value, str):
            is_named = "import" in use or ("." in value and len(value) < _LONGEST_NAME)
            return ("k", "str", value if is_named and _DOTTED.fullmatch(value) else "")
        return ("k", type(value).__name__, "" if isinstance(value, bytes) else repr(value))

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
        return ("l", _kept([self.expr(item, "item") for item in node.elts]))

    of_List = of_Set = of_Tuple

    def of_Dict(self, node: ast.Dict, use: str) -> Expr:
        for key in node.keys:
            if key is not None:
                self.expr(key)
        return ("d", _kept([self.expr(item, "item") for item in node.values]))

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

    def of_Compare(self, node: ast.Compare, use: str) -> Expr:
        self.expr(node.left)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            found = self.expr(right)
            if isinstance(operator, ast.In | ast.NotIn):
                self.event("?", right.lineno, found, "")
        return None

    def of_NamedExpr(self, node: ast.NamedExpr, use: str) -> Expr:
        value = self.expr(node.value, f"={node.target.id}")
        self.target(node.target, value, node.value)
        return value

    def of_Starred(self, node: ast.Starred, use: str) -> Expr:
        return self.expr(node.value, "item")

    def of_Lambda(self, node: ast.Lambda, use: str) -> Expr:
        function = fresh(f"{self.prefix()}<lambda>", node.lineno, self.number)
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


def _kept(items: list[Expr]) -> tuple[Expr, ...]:
    """Return what of a list or a dict is worth keeping: of a long one not the plain constants."""
    if len(items) > _KEPT_AS_IT_IS:
        items = [item for item in items if item and (item[0] != "k" or "." in item[2])]
    return tuple(items[:_KEPT_ITEMS])


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
