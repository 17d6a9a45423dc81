"""Where an expression of a function stands: what is around it, whether it may be awaited."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ai_catalyst.check.migrate.nodes import awaited, walk
from ai_catalyst.check.migrate.placeholders import Untranslatable

__all__ = ["Places"]


class Places(cst.CSTTransformer):
    """Knows the parents of every node of one function."""

    def __init__(self, function: cst.FunctionDef) -> None:
        """Take the function as it stands."""
        super().__init__()
        self.function = function
        self.parents = {id(c): p for p in walk(function) for c in p.children}

    def _arg(self, arg: cst.Arg) -> cst.Arg:
        made = arg.visit(self)
        return cst.ensure_type(made, cst.Arg)

    def _parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self.parents.get(id(node))

    def _placed(self, made: cst.BaseExpression, node: cst.BaseExpression) -> cst.BaseExpression:
        self._check_place(node)
        if isinstance(made, cst.Await) and not made.lpar:
            return awaited(made.expression, self._parent(node), node)
        return made

    def _check_place(self, node: cst.CSTNode) -> None:
        """Refuse to await where that would change what stands around."""
        for child, parent in self._above(node):
            if isinstance(parent, cst.Lambda):
                raise Untranslatable("inside a lambda")
            if isinstance(parent, cst.GeneratorExp) and not (
                child is parent.for_in and _in_source(parent.for_in, node)
            ):
                raise Untranslatable("inside a generator expression: make it a list")

    def _above(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        child = node
        while (parent := self._parent(child)) is not None:
            yield child, parent
            child = parent


def _in_source(part: cst.CompFor, node: cst.CSTNode) -> bool:
    return any(inner is node for inner in walk(part.iter))
