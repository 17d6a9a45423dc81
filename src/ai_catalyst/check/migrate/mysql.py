"""A PyMySQL cursor's calls are aiomysql's, awaited."""

from __future__ import annotations

import libcst as cst

from ai_catalyst.check.migrate.nodes import awaited, shape
from ai_catalyst.check.migrate.results import FETCHES, Block
from ai_catalyst.check.migrate.statements import Cursor

__all__ = ["mysql_statements"]


def mysql_statements(block: Block, cursor: Cursor) -> Block:
    """Return statements that used a PyMySQL cursor, awaiting the calls of aiomysql's."""
    change = _Mysql(cursor.name)
    made = [statement.visit(change) for statement in block]
    return [item for item in made if isinstance(item, cst.BaseStatement)]


class _Mysql(cst.CSTTransformer):
    waits = frozenset(
        {"execute", "executemany", *FETCHES, "fetchmany", "callproc", "nextset", "close"}
    )

    def __init__(self, cursor: str) -> None:
        super().__init__()
        self.cursor = cursor

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        for field_name, child in _fields(updated_node):
            if isinstance(updated_node, cst.Await):
                break
            if self._waits(child):
                updated_node = updated_node.with_changes(
                    **{field_name: awaited(child, updated_node, child)}
                )
        if (
            isinstance(updated_node, cst.For | cst.CompFor)
            and not updated_node.asynchronous
            and (shape(updated_node.iter) == self.cursor)
        ):
            text = f"await {self.cursor}.fetchall()"
            return updated_node.with_changes(iter=cst.parse_expression(text))
        return updated_node

    def _waits(self, node: object) -> bool:
        return (
            isinstance(node, cst.Call)
            and isinstance(node.func, cst.Attribute)
            and shape(node.func.value) == self.cursor
            and node.func.attr.value in self.waits
        )


def _fields(node: cst.CSTNode) -> list[tuple[str, cst.BaseExpression]]:
    return [
        (name, value)
        for name in node.__dataclass_fields__
        if isinstance(value := getattr(node, name), cst.BaseExpression)
    ]
