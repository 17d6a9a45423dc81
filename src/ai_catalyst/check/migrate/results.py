"""Where the rows of a statement are asked for: which call, how often, how soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import libcst as cst

from ai_catalyst.check.migrate.nodes import last_name, mentions, shape, walk

__all__ = [
    "FETCHES",
    "MANY",
    "Block",
    "Use",
    "header_uses",
    "is_source",
    "many_call",
    "runs",
    "until_next",
    "uses",
]

Block = list[cst.BaseStatement]

FETCHES = ("fetchone", "fetchall")
MANY = ("execute_batch", "execute_values")
_RUNS = ("execute", "executemany")
_REPEATED = (cst.While, cst.Lambda, cst.FunctionDef)


@dataclass(slots=True)
class Use:
    """One place where a result is asked for."""

    node: cst.CSTNode
    kind: str
    parents: list[cst.CSTNode]

    @property
    def repeated(self) -> bool:
        """Tell whether the place may be evaluated more than once."""
        for child, parent in pairwise([self.node, *reversed(self.parents)]):
            if isinstance(parent, _REPEATED):
                return True
            if isinstance(parent, cst.For) and child is parent.body:
                return True
            if isinstance(parent, cst.BaseComp) and not _is_first_source(parent, child):
                return True
        return False


def _is_first_source(comp: cst.BaseComp, child: cst.CSTNode) -> bool:
    return isinstance(comp, cst.BaseSimpleComp | cst.DictComp) and child is comp.for_in


def many_call(statement: cst.BaseStatement, cursor: str) -> cst.Call | None:
    """Return a line's call of ``execute_values`` or ``execute_batch`` on a cursor."""
    for node in walk(statement) if isinstance(statement, cst.SimpleStatementLine) else ():
        is_many = isinstance(node, cst.Call) and last_name(node.func) in MANY
        if isinstance(node, cst.Call) and is_many and mentions(node, cursor):
            return node
    return None


def runs(node: cst.CSTNode | Sequence[cst.BaseStatement], cursor: str) -> bool:
    """Tell whether SQL is run on a cursor somewhere."""
    if not isinstance(node, cst.CSTNode):
        return any(runs(item, cursor) for item in node)
    return mentions(node, *(f"{cursor}.{name}" for name in _RUNS)) or any(
        isinstance(inner, cst.Call)
        and last_name(inner.func) in MANY
        and any(shape(arg.value) == cursor for arg in inner.args)
        for inner in walk(node)
    )


def until_next(following: Block, cursor: str) -> int:
    """Return how many statements come before the next that runs SQL on a cursor."""
    for index, statement in enumerate(following):
        if runs(statement, cursor):
            return index
    return len(following)


def uses(root: cst.CSTNode, cursor: str, parents: list[cst.CSTNode] | None = None) -> list[Use]:
    """Return every place in a node where a cursor is asked for results."""
    above = parents or []
    kind = _use_kind(root, cursor)
    if kind:
        return [Use(root, kind, above)]
    found = []
    for child in root.children:
        if is_source(root, child, cursor):
            found.append(Use(child, "iter", [*above, root]))
        else:
            found += uses(child, cursor, [*above, root])
    return found


def header_uses(statement: cst.BaseStatement, cursor: str) -> list[Use]:
    """Return the uses before the statement's next execute: those in its header."""
    return [
        use
        for use in uses(statement, cursor)
        if not any(isinstance(parent, cst.BaseSuite) for parent in use.parents)
    ]


def _use_kind(node: cst.CSTNode, cursor: str) -> str:
    if isinstance(node, cst.Call):
        owner, _, name = shape(node.func).rpartition(".")
        return name if owner == cursor and name in FETCHES else ""
    if isinstance(node, cst.Attribute) and shape(node.value) == cursor:
        return "rowcount" if node.attr.value == "rowcount" else ""
    return ""


def is_source(parent: cst.CSTNode, child: cst.CSTNode, cursor: str) -> bool:
    """Tell whether a child is what its parent iterates over, and is the cursor."""
    if not isinstance(child, cst.Name) or child.value != cursor:
        return False
    if isinstance(parent, cst.For | cst.CompFor):
        return child is parent.iter
    return False
