"""Small questions to LibCST trees, asked by every translation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

__all__ = [
    "COMMA",
    "async_with",
    "awaited",
    "call_on",
    "code_of",
    "functions_in",
    "indented",
    "is_compound",
    "last_name",
    "led_by",
    "map_bodies",
    "mentions",
    "replaced",
    "shape",
    "single",
    "split_with",
    "waits",
    "walk",
]

COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))

_Node = TypeVar("_Node", bound=cst.CSTNode)

Statements = Sequence[cst.BaseStatement]


def shape(node: cst.CSTNode) -> str:
    """Return an expression's path as text: ``self.client.get``, ``f().x``, ``a[].b``."""
    if isinstance(node, cst.Attribute):
        return f"{shape(node.value)}.{node.attr.value}"
    if isinstance(node, cst.Call):
        return f"{shape(node.func)}()"
    if isinstance(node, cst.Subscript):
        return f"{shape(node.value)}[]"
    return node.value if isinstance(node, cst.Name) else ""


def last_name(node: cst.CSTNode) -> str:
    """Return the last name of a dotted one."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def awaited(call: cst.BaseExpression, parent: cst.CSTNode | None, child: cst.CSTNode) -> cst.Await:
    """Return ``await call``, in brackets where it takes the place of ``child`` in a longer path."""
    made = cst.Await(call)
    is_base = (
        (isinstance(parent, cst.Attribute | cst.Subscript) and parent.value is child)
        or (isinstance(parent, cst.Call) and parent.func is child)
        or (isinstance(parent, cst.BinaryOperation) and isinstance(parent.operator, cst.Power))
    )
    if is_base:
        return made.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return made


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Return a node and everything in it, outermost first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def mentions(node: cst.CSTNode | Statements, *shapes: str) -> bool:
    """Tell whether any of these paths stands somewhere in a node or in statements."""
    if not isinstance(node, cst.CSTNode):
        return any(mentions(item, *shapes) for item in node)
    return any(
        isinstance(inner, cst.Name | cst.Attribute | cst.Call | cst.Subscript)
        and shape(inner) in shapes
        for inner in walk(node)
    )


def replaced(whole: _Node, old: cst.CSTNode, new: cst.CSTNode) -> _Node:
    """Return a node with one inside it put in the place of another."""
    return cast("_Node", new if whole is old else cast("Any", whole).deep_replace(old, new))


def single(statement: cst.CSTNode) -> cst.BaseSmallStatement | None:
    """Return the only small statement of a line, or None."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def call_on(statement: cst.CSTNode, owner: str, *names: str) -> cst.Call | None:
    """Return the call when a statement is no more than ``owner.name(…)``, with one of the names."""
    small = single(statement)
    if not isinstance(small, cst.Expr) or not isinstance(small.value, cst.Call):
        return None
    func = small.value.func
    if isinstance(func, cst.Attribute) and func.attr.value in names and shape(func.value) == owner:
        return small.value
    return None


def map_bodies(
    statement: cst.BaseStatement, change: Callable[[list[cst.BaseStatement]], Any]
) -> cst.BaseStatement:
    """Return a compound statement with each of its blocks changed; an empty one gets ``pass``."""
    changes: dict[str, Any] = {}
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(statement, name, None)
        if isinstance(inner, cst.IndentedBlock):
            changes[name] = indented(inner, change(list(inner.body)))
        elif isinstance(inner, cst.If | cst.Else | cst.Finally):
            changes[name] = map_bodies(inner, change)  # type: ignore[arg-type]
    if isinstance(statement, cst.Try | cst.TryStar):
        changes["handlers"] = [map_bodies(item, change) for item in statement.handlers]  # type: ignore[arg-type]
    return statement.with_changes(**changes) if changes else statement


def indented(block: cst.BaseSuite, body: Statements) -> cst.IndentedBlock:
    """Return a block with another body."""
    kept = body or [cst.SimpleStatementLine([cst.Pass()])]
    if isinstance(block, cst.IndentedBlock):
        return block.with_changes(body=kept)
    return cst.IndentedBlock(body=kept)


def code_of(node: cst.CSTNode) -> str:
    """Return a node's source text."""
    return cst.Module([]).code_for_node(node)


def is_compound(statement: cst.CSTNode) -> bool:
    """Tell whether a statement holds blocks."""
    kinds = (cst.If, cst.For, cst.While, cst.Try, cst.TryStar, cst.With)
    return isinstance(statement, kinds)


def async_with(items: Sequence[cst.WithItem], body: Statements) -> cst.With:
    """Return ``async with`` around statements."""
    space = cst.SimpleWhitespace(" ")
    return cst.With(
        items=items,
        body=cst.IndentedBlock(body),
        asynchronous=cst.Asynchronous(whitespace_after=space),
    )


def led_by(made: list[cst.BaseStatement], statement: cst.BaseStatement) -> list[cst.BaseStatement]:
    """Keep the comments that stood above a statement which is gone."""
    lines = list(getattr(statement, "leading_lines", ()))
    if not made or not lines:
        return made
    own = list(getattr(made[0], "leading_lines", ()))
    return [made[0].with_changes(leading_lines=[*lines, *own]), *made[1:]]


def split_with(node: cst.With, later: list[bool]) -> cst.With:
    """Return one with block inside another, where some of its items wait and others do not."""
    if all(later):
        return node.with_changes(asynchronous=cst.Asynchronous())
    if not any(later):
        return node
    head, tail = node.items[0], node.items[1:]
    inner = split_with(node.with_changes(items=tail, leading_lines=[]), later[1:])
    outer = node.with_changes(
        items=[head.with_changes(comma=cst.MaybeSentinel.DEFAULT)], body=cst.IndentedBlock([inner])
    )
    return outer.with_changes(asynchronous=cst.Asynchronous()) if later[0] else outer


def functions_in(source: bytes) -> dict[tuple[int, str], cst.FunctionDef]:
    """Return the functions of a file by the line and the text of their names."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    lines = wrapper.resolve(PositionProvider)
    return {
        (lines[node.name].start.line, node.name.value): node
        for node in walk(wrapper.module)
        if isinstance(node, cst.FunctionDef)
    }


def waits(node: cst.CSTNode) -> int:
    """Return how often a function waits."""
    return sum(isinstance(inner, cst.Await | cst.Asynchronous) for inner in walk(node))
