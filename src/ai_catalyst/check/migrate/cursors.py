"""Cursors and commits become transactions: ``async with connection.transaction() as cursor``.

psycopg2 and PyMySQL begin a transaction by themselves and end it with ``commit``; a connection is
shared by whoever holds it. Here each stretch of statements up to its commit becomes one block with
a connection of its own from a pool, so that tasks do not meddle with each other's transactions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import libcst as cst

from ai_catalyst.check.migrate.mysql import mysql_statements
from ai_catalyst.check.migrate.nodes import (
    call_on,
    code_of,
    indented,
    is_compound,
    last_name,
    map_bodies,
    mentions,
    replaced,
    shape,
    single,
    walk,
)
from ai_catalyst.check.migrate.placeholders import Untranslatable
from ai_catalyst.check.migrate.results import Block, runs
from ai_catalyst.check.migrate.statements import Cursor, postgres_statements

__all__ = ["Held", "translated"]

_TABLES = {"psycopg2": postgres_statements, "pymysql": mysql_statements}
_DICTS = ("RealDictCursor",)
_PLAIN = ("DictCursor", "SSCursor", "SSDictCursor", "Cursor")


@dataclass(frozen=True, slots=True)
class Held:
    """The paths that mean a driver's things in one function.

    ``rows`` is what a cursor's rows are when it does not say (plain or dict), ``given`` what those
    of a cursor from elsewhere are.
    """

    driver: str
    connections: frozenset[str] = frozenset()
    makers: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    cursors: frozenset[str] = frozenset()
    rows: str = "plain"
    given: str = "plain"

    def also(self, connection: str) -> Held:
        """Return the same with one more connection."""
        return replace(self, connections=self.connections | {connection})


def translated(function: cst.FunctionDef, held: Held) -> tuple[cst.FunctionDef, set[str]]:
    """Return a function on the async driver, and the helpers it needs.

    Raises `Untranslatable` with the reason.
    """
    if not isinstance(function.body, cst.IndentedBlock):
        raise Untranslatable("a function on one line")
    work = _Function(function, replace(held, makers=held.makers | {"_Database"}))
    body = work.given(work.block(list(function.body.body)))
    made = function.with_changes(body=indented(function.body, body))
    work.check(made)
    return made, work.helpers


@dataclass(slots=True)
class _Open:
    """A cursor and the connection it came from."""

    cursor: Cursor
    connection: str
    call: cst.Call | None = None


@dataclass(slots=True)
class _Function:
    function: cst.FunctionDef
    held: Held
    helpers: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    # --- outside of any transaction

    def block(self, statements: Block) -> Block:
        out: Block = []
        waiting = list(statements)
        while waiting:
            statement = waiting.pop(0)
            opened = self._opens(statement)
            if opened is not None:
                out += self._region(waiting, opened, committed=False)
                return _led_by(out, statement)
            if isinstance(statement, cst.With) and self._is_ours(statement):
                out += _led_by(self._with(statement, waiting), statement)
            else:
                out += self._plain(statement)
        return out

    def _plain(self, statement: cst.BaseStatement) -> Block:
        for connection in self.held.connections:
            if call_on(statement, connection, "rollback"):
                return []  # a transaction that raised is undone already
            closes = call_on(statement, connection, "close")
            if closes is not None:
                return [_awaiting(statement, closes)]
        for pool in self.held.pools:
            closes = call_on(statement, pool, "closeall")
            if closes is not None:
                made = closes.with_changes(func=cst.parse_expression(f"{pool}.close"))
                return [_awaiting(replaced(statement, closes, made), made)]
            if call_on(statement, pool, "putconn"):
                return []
        if isinstance(statement, cst.Try):
            return self._tidied(statement, map_bodies(statement, self.block))
        if is_compound(statement):
            return [map_bodies(statement, self.block)]
        return [self._borrowed(statement)]

    def _tidied(self, before: cst.Try, after: cst.BaseStatement) -> Block:
        """Return a try without the parts that the translation left with nothing to do."""
        made = cst.ensure_type(after, cst.Try)
        finals = made.finalbody
        if finals is not None and _is_idle(finals.body, before.finalbody):
            finals = None
        changed = [_is_changed(h, b) for h, b in zip(made.handlers, before.handlers, strict=True)]
        handlers = list(made.handlers)
        if all(_only(handler.body, cst.Raise) for handler in handlers) and any(changed):
            handlers = [] if made.orelse is None else handlers
        if handlers or finals is not None:
            return [made.with_changes(handlers=handlers, finalbody=finals)]
        body = list(cst.ensure_type(made.body, cst.IndentedBlock).body)
        return _led_by(body, before)

    def _borrowed(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        """``pool.getconn()`` is the pool itself: it lends a connection for each transaction."""
        for node in walk(statement):
            if (
                isinstance(node, cst.Call)
                and last_name(node.func) == "getconn"
                and (
                    isinstance(node.func, cst.Attribute)
                    and shape(node.func.value) in self.held.pools
                )
            ):
                return replaced(statement, node, node.func.value)
        return statement

    def given(self, statements: Block) -> Block:
        """Translate the calls on cursors that the function was handed."""
        for name in self.held.cursors - self.done:
            statements = self._statements(statements, self._cursor(name, self.held.given))
        return statements

    # --- with

    def _is_ours(self, statement: cst.With) -> bool:
        return any(self._item(item) for item in statement.items)

    def _item(self, item: cst.WithItem) -> str:
        node = _unwrapped(item.item)
        if shape(node) in self.held.connections:
            return "connection"
        if not isinstance(node, cst.Call):
            return ""
        if shape(node.func) in self.held.makers:
            return "maker"
        is_cursor = isinstance(node.func, cst.Attribute) and node.func.attr.value == "cursor"
        if is_cursor and shape(node.func.value) in self.held.connections:  # type: ignore[attr-defined]
            return "cursor"
        inner = node.func.value if is_cursor else None  # type: ignore[attr-defined]
        if isinstance(inner, cst.Call) and shape(inner.func) in self.held.makers:
            raise Untranslatable("a connection that has no name")
        return ""

    def _with(self, statement: cst.With, following: Block) -> Block:
        kinds = [self._item(item) for item in statement.items]
        if not isinstance(statement.body, cst.IndentedBlock):
            raise Untranslatable("a with block on one line")
        body = list(statement.body.body)
        if "" in kinds:
            raise Untranslatable("a with block that also holds something else")
        names = dict(zip(kinds, statement.items, strict=True))
        if len(names) != len(kinds):
            raise Untranslatable("two connections or cursors in one with block")
        if kinds[0] == "maker":
            return self._with_maker(statement, names, body)
        if kinds == ["cursor"]:
            return self._with_cursor(names["cursor"], body, following)
        if kinds == ["connection"]:
            if names["connection"].asname is not None:
                return self._renamed(names["connection"], body)
            opened, body = self._only_cursor(body, shape(names["connection"].item))
            return [self._transaction(body, opened)]
        return [self._transaction(self._committed(body, names), self._named(names["cursor"]))]

    def _renamed(self, item: cst.WithItem, body: Block) -> Block:
        """``with connect() as connection``: a name for it, then the transaction."""
        assert item.asname is not None
        name = shape(item.asname.name)
        if not name.isidentifier():
            raise Untranslatable("a connection that has no name")
        self.held = self.held.also(name)
        bound = cst.Assign([cst.AssignTarget(cst.Name(name))], item.item)
        opened, body = self._only_cursor(body, name)
        return [cst.SimpleStatementLine([bound]), self._transaction(body, opened)]

    def _with_maker(
        self, statement: cst.With, names: dict[str, cst.WithItem], body: Block
    ) -> Block:
        maker = names["maker"]
        if maker.asname is None or not isinstance(maker.asname.name, cst.Name):
            raise Untranslatable("a connection that has no name")
        name = maker.asname.name.value
        closing = isinstance(maker.item, cst.Call) and maker.item is not _unwrapped(maker.item)
        self.held = self.held.also(name)
        item = maker.with_changes(item=_unwrapped(maker.item), comma=cst.MaybeSentinel.DEFAULT)
        if closing:
            inner = self.block(body)
        elif "cursor" in names:
            inner = [self._transaction(self._committed(body, names), self._named(names["cursor"]))]
        else:
            opened, body = self._only_cursor(body, name)
            inner = [self._transaction(body, opened)]
        return [_async_with([item], inner)]

    def _with_cursor(self, item: cst.WithItem, body: Block, following: Block) -> Block:
        opened = self._named(item)
        committed = bool(following) and bool(call_on(following[0], opened.connection, "commit"))
        if committed:
            following.pop(0)
        return self._region(body, opened, committed=committed)

    def _committed(self, body: Block, names: dict[str, cst.WithItem]) -> Block:
        """Drop a commit at the end: the block ends with one."""
        connection = self._named(names["cursor"]).connection
        if body and call_on(body[-1], connection, "commit"):
            return body[:-1]
        return body

    def _named(self, item: cst.WithItem) -> _Open:
        call = _unwrapped(item.item)
        if item.asname is None or not isinstance(item.asname.name, cst.Name):
            raise Untranslatable("a cursor that has no name")
        assert isinstance(call, cst.Call)
        return self._opened(item.asname.name.value, call)

    def _only_cursor(self, body: Block, connection: str) -> tuple[_Open, Block]:
        """Return the one cursor that a transaction's block makes, and the block without it."""
        opened: list[_Open] = []

        def without(statements: Block) -> Block:
            kept: Block = []
            for statement in statements:
                found = self._opens(statement)
                if found is not None:
                    opened.append(found)
                elif isinstance(statement, cst.With) and [
                    self._item(item) for item in statement.items
                ] == ["cursor"]:
                    opened.append(self._named(statement.items[0]))
                    block = cst.ensure_type(statement.body, cst.IndentedBlock)
                    kept += _led_by(without(list(block.body)), statement)
                else:
                    kept.append(map_bodies(statement, without))
            return kept

        left = without(body)
        if left and call_on(left[-1], connection, "commit"):
            left = left[:-1]
        if len({(o.cursor.name, o.connection) for o in opened}) != 1:
            raise Untranslatable("a transaction without exactly one cursor")
        return opened[0], left

    # --- a cursor until its commit

    def _opens(self, statement: cst.BaseStatement) -> _Open | None:
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

    def _opened(self, name: str, call: cst.Call) -> _Open:
        func = cst.ensure_type(call.func, cst.Attribute)
        kinds = [last_name(arg.value) for arg in call.args]
        if any(kind not in (*_DICTS, *_PLAIN) for kind in kinds) or len(kinds) > 1:
            raise Untranslatable("a cursor with a name or options of its own")
        rows = self.held.rows if not kinds else "dict" if kinds[0] in _DICTS else "plain"
        cursor = self._cursor(name, rows)
        self.done.add(name)
        return _Open(cursor, shape(func.value), call)

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
        return Cursor(name, rows, returned, taken, self.helpers)

    def _region(self, statements: Block, opened: _Open, *, committed: bool) -> Block:
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

    def _tried(self, statement: cst.Try, opened: _Open, *, committed: bool) -> Block:
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

    def _stretch(self, statements: Block, opened: _Open, *, ends: bool) -> Block:
        name = opened.cursor.name
        used = [i for i, s in enumerate(statements) if mentions(s, name)]
        if not used:
            return self.block(statements)
        if mentions(statements, f"{opened.connection}.commit", f"{opened.connection}.rollback"):
            raise Untranslatable("a commit inside a loop or a branch")
        if not ends and _writes(statements, name):
            raise Untranslatable("it writes without a commit: the transaction ends elsewhere")
        end = len(statements) if ends else used[-1] + 1
        inside = statements[used[0] : end]
        return [
            *statements[: used[0]],
            self._transaction(inside, opened),
            *self.block(statements[end:]),
        ]

    def _transaction(self, statements: Block, opened: _Open) -> cst.With:
        connection = opened.connection
        if mentions(statements, f"{connection}.commit", f"{connection}.rollback"):
            raise Untranslatable("a commit in the middle of a transaction")
        body = self._statements(statements, opened.cursor)
        kinds = []
        if self.held.driver == "pymysql" and opened.call is not None and opened.call.args:
            kinds = [arg.with_changes(keyword=None) for arg in opened.call.args]
            kinds = [cst.Arg(cst.parse_expression(f"aiomysql.{last_name(kinds[0].value)}"))]
        func = cst.parse_expression(f"{connection}.transaction")
        item = cst.WithItem(cst.Call(func, kinds), cst.AsName(cst.Name(opened.cursor.name)))
        return _async_with([item], body)

    def _statements(self, statements: Block, cursor: Cursor) -> Block:
        return _TABLES[self.held.driver](statements, cursor)

    # --- at the end

    def check(self, function: cst.FunctionDef) -> None:
        """Refuse what is left of the old driver's ways."""
        allowed = {"transaction", "close"}
        for node in walk(function):
            if not isinstance(node, cst.Attribute):
                continue
            owner = shape(node.value)
            ours = owner in self.held.connections | self.held.pools
            if ours and node.attr.value not in allowed:
                raise Untranslatable(f"connection.{node.attr.value} has no counterpart here")
            if node.attr.value == "cursor" and shape(node.value).removesuffix("()") in (
                *self.held.makers,
            ):
                raise Untranslatable("a connection that has no name")


def _only(block: cst.BaseSuite, kind: type[cst.CSTNode]) -> bool:
    """Tell whether a block is one statement of a kind, with nothing behind the word."""
    body = block.body
    small = single(body[0]) if len(body) == 1 and isinstance(body[0], cst.BaseStatement) else None
    bare = not isinstance(small, cst.Raise) or small.exc is None
    return isinstance(small, kind) and bare


def _is_changed(after: cst.ExceptHandler, before: cst.ExceptHandler) -> bool:
    return len(after.body.body) < len(before.body.body) or _only(after.body, cst.Pass)


def _is_idle(after: cst.BaseSuite, before: cst.Finally | None) -> bool:
    return _only(after, cst.Pass) and before is not None and not _only(before.body, cst.Pass)


def _unwrapped(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return what ``closing(…)`` holds."""
    if isinstance(node, cst.Call) and last_name(node.func) == "closing" and len(node.args) == 1:
        return node.args[0].value
    return node


def _async_with(items: list[cst.WithItem], body: Block) -> cst.With:
    space = cst.SimpleWhitespace(" ")
    return cst.With(
        items=items,
        body=cst.IndentedBlock(body),
        asynchronous=cst.Asynchronous(whitespace_after=space),
    )


def _awaiting(statement: cst.BaseStatement, call: cst.Call) -> cst.BaseStatement:
    return replaced(statement, call, cst.Await(call))


def _led_by(made: Block, statement: cst.BaseStatement) -> Block:
    """Keep the comments that stood above a statement which is gone."""
    lines = list(getattr(statement, "leading_lines", ()))
    if not made or not lines:
        return made
    own = list(getattr(made[0], "leading_lines", ()))
    return [made[0].with_changes(leading_lines=[*lines, *own]), *made[1:]]


def _fetches(statements: Block, cursor: str) -> bool:
    return mentions(statements, f"{cursor}.fetchone", f"{cursor}.fetchall")


def _writes(statements: Block, cursor: str) -> bool:
    """Tell whether a cursor runs anything but plain reading."""
    for statement in statements:
        for node in walk(statement):
            if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
                continue
            if shape(node.func.value) != cursor or node.func.attr.value not in (
                "execute",
                "executemany",
                "callproc",
            ):
                continue
            text = code_of(node.args[0].value).lower() if node.args else ""
            if re.fullmatch(r"[\w.]+", text) and _fetches(statements, cursor):
                continue  # SQL made elsewhere whose rows are asked for
            reads = re.match(r"[rbuf'\"(\s\\n]*(select|show|explain|with|values)\b", text)
            if not reads or re.search(r"\b(insert|update|delete|nextval)\b", text):
                return True
    return False
