"""A cursor until its commit is one transaction: ``async with connection.transaction() as cursor``.

psycopg2 and PyMySQL begin a transaction by themselves and end it with ``commit``; a connection is
shared by whoever holds it. Here each stretch of statements up to its commit becomes one block with
a connection of its own from a pool, so that tasks do not meddle with each other's transactions.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field

import libcst as cst

from ai_catalyst.check.migrate.held import Held
from ai_catalyst.check.migrate.mysql import mysql_statements
from ai_catalyst.check.migrate.nodes import (
    async_with,
    call_on,
    code_of,
    indented,
    is_compound,
    last_name,
    map_bodies,
    mentions,
    shape,
    single,
    walk,
)
from ai_catalyst.check.migrate.placeholders import Untranslatable
from ai_catalyst.check.migrate.results import Block, runs
from ai_catalyst.check.migrate.statements import Cursor, postgres_statements

__all__ = ["Open", "Transactions"]

_TABLES = {"psycopg2": postgres_statements, "pymysql": mysql_statements}
_DICTS = ("RealDictCursor",)
_PLAIN = ("DictCursor", "SSCursor", "SSDictCursor", "Cursor")


@dataclass(slots=True)
class Open:
    """A cursor and the connection it came from."""

    cursor: Cursor
    connection: str
    call: cst.Call | None = None


@dataclass
class Transactions:
    """One function's cursors: opened, used, committed."""

    function: cst.FunctionDef
    held: Held
    helpers: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    @abstractmethod
    def block(self, statements: Block) -> Block:
        """Translate statements outside of any transaction."""

    @abstractmethod
    def _plain(self, statement: cst.BaseStatement) -> Block: ...

    @abstractmethod
    def _tidied(self, before: cst.Try, after: cst.BaseStatement) -> Block: ...

    def _opens(self, statement: cst.BaseStatement) -> Open | None:
        small = single(statement)
        if not isinstance(small, cst.Assign) or len(small.targets) != 1:
            return None
        target, call = small.targets[0].target, small.value
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
            return None
        if call.func.attr.value != "cursor" or shape(call.func.value) not in self.held.connections:
            return None
        if not isinstance(target, cst.Name):
            raise Untranslatable("a cursor that is kept")
        return self._opened(target.value, call)

    def _opened(self, name: str, call: cst.Call) -> Open:
        func = cst.ensure_type(call.func, cst.Attribute)
        server = [arg for arg in call.args if _names_a_cursor(arg)]
        kinds = [last_name(arg.value) for arg in call.args if arg not in server]
        if any(kind not in (*_DICTS, *_PLAIN) for kind in kinds) or len(kinds) > 1:
            raise Untranslatable("a cursor with a name or options of its own")
        rows = self.held.rows if not kinds else "dict" if kinds[0] in _DICTS else "plain"
        cursor = self._cursor(name, rows)
        cursor.server = bool(server) and self.held.driver == "psycopg2"
        self.done.add(name)
        return Open(cursor, shape(func.value), call)

    def _cursor(self, name: str, rows: str = "plain") -> Cursor:
        nodes = list(walk(self.function))
        returned = frozenset(
            item.value
            for node in nodes
            if isinstance(node, cst.Return) and node.value is not None
            for item in (
                [element.value for element in node.value.elements]
                if isinstance(node.value, cst.Tuple)
                else [node.value]
            )
            if isinstance(item, cst.Name)
        )
        taken = {node.value for node in nodes if isinstance(node, cst.Name)}
        return Cursor(name, rows, returned=returned, taken=taken, helpers=self.helpers)

    def _region(self, statements: Block, opened: Open, *, committed: bool) -> Block:
        """Return statements with each stretch up to a commit in a transaction of its own."""
        name, connection = opened.cursor.name, opened.connection
        last = max(
            (i for i, s in enumerate(statements) if mentions(s, name, connection)), default=-1
        )
        part, rest = statements[: last + 1], statements[last + 1 :]
        out: Block = []
        stretch: Block = []
        for index, statement in enumerate(part):
            if call_on(statement, connection, "commit"):
                if mentions(part[index:], name) and not runs(part[index:], name):
                    committed = True  # what the last call gave is asked for after the commit
                    continue
                out += self._stretch(stretch, opened, ends=True)
                stretch = []
            elif call_on(statement, name, "close"):
                continue
            elif self._plain(statement) != [statement] and not is_compound(statement):
                out += self._stretch(stretch, opened, ends=committed)
                out += self._plain(statement)
                stretch = []
            elif isinstance(statement, cst.Try) and mentions(
                statement, f"{connection}.commit", f"{connection}.rollback"
            ):
                out += self._stretch(stretch, opened, ends=False)
                out += self._tried(statement, opened, committed=committed)
                stretch = []
            else:
                stretch.append(statement)
        return [*out, *self._stretch(stretch, opened, ends=committed), *self.block(rest)]

    def _tried(self, statement: cst.Try, opened: Open, *, committed: bool) -> Block:
        orelse = statement.orelse
        if orelse is not None and isinstance(orelse.body, cst.IndentedBlock):
            kept = [s for s in orelse.body.body if not call_on(s, opened.connection, "commit")]
            committed = committed or len(kept) < len(orelse.body.body)
            orelse = orelse.with_changes(body=indented(orelse.body, kept)) if kept else None
        block = cst.ensure_type(statement.body, cst.IndentedBlock)
        body = self._region(list(block.body), opened, committed=committed)
        handlers = [map_bodies(handler, self.block) for handler in statement.handlers]  # type: ignore[arg-type]
        finals = statement.finalbody
        if finals is not None and isinstance(finals.body, cst.IndentedBlock):
            kept = self.block(
                [s for s in finals.body.body if not call_on(s, opened.cursor.name, "close")]
            )
            finals = finals.with_changes(body=indented(finals.body, kept))
        made = statement.with_changes(
            body=indented(block, body), handlers=handlers, orelse=orelse, finalbody=finals
        )
        return self._tidied(statement, made)

    def _stretch(self, statements: Block, opened: Open, *, ends: bool) -> Block:
        name = opened.cursor.name
        used = [i for i, s in enumerate(statements) if mentions(s, name)]
        if not used:
            return self.block(statements)
        if mentions(statements, f"{opened.connection}.commit", f"{opened.connection}.rollback"):
            raise Untranslatable("a commit inside a loop or a branch")
        if not (ends or self.held.autocommit) and _writes(statements, name):
            raise Untranslatable("it writes without a commit: the transaction ends elsewhere")
        end = len(statements) if ends else used[-1] + 1
        inside = statements[used[0] : end]
        return [
            *statements[: used[0]],
            self._transaction(inside, opened),
            *self.block(statements[end:]),
        ]

    def _transaction(self, statements: Block, opened: Open) -> cst.With:
        connection = opened.connection
        if mentions(statements, f"{connection}.commit", f"{connection}.rollback"):
            raise Untranslatable("a commit in the middle of a transaction")
        body = self._statements(statements, opened.cursor)
        kinds = []
        if self.held.driver == "pymysql" and opened.call is not None and opened.call.args:
            kinds = [arg.with_changes(keyword=None) for arg in opened.call.args]
            kinds = [cst.Arg(cst.parse_expression(f"aiomysql.{last_name(kinds[0].value)}"))]
        alone = self.held.autocommit and not opened.cursor.server
        func = cst.parse_expression(f"{connection}.{'alone' if alone else 'transaction'}")
        item = cst.WithItem(cst.Call(func, kinds), cst.AsName(cst.Name(opened.cursor.name)))
        return async_with([item], body)

    def _statements(self, statements: Block, cursor: Cursor) -> Block:
        return _TABLES[self.held.driver](statements, cursor)


def _names_a_cursor(arg: cst.Arg) -> bool:
    """Tell whether an argument of ``cursor(…)`` is the name of a cursor of the server."""
    if arg.keyword is not None:
        return arg.keyword.value == "name"
    return isinstance(arg.value, cst.SimpleString)


def _fetches(statements: Block, cursor: str) -> bool:
    return mentions(statements, f"{cursor}.fetchone", f"{cursor}.fetchall")


def _writes(statements: Block, cursor: str) -> bool:
    """Tell whether a cursor runs anything but plain reading."""
    for statement in statements:
        for node in walk(statement):
            if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
                continue
            if shape(node.func.value) != cursor or node.func.attr.value not in (
                *("execute", "executemany", "callproc", "copy_from", "copy_expert"),
            ):
                continue
            text = code_of(node.args[0].value).lower() if node.args else ""
            if re.fullmatch(r"[\w.]+", text) and _fetches(statements, cursor):
                continue  # SQL made elsewhere whose rows are asked for
            reads = re.match(r"[rbuf'\"(\s\\n]*(select|show|explain|with|values)\b", text)
            if re.search(r"\bto\s+stdout\b", text):
                continue
            if not reads or re.search(r"\b(insert|update|delete|nextval)\b", text):
                return True
    return False
