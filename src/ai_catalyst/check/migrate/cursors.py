"""Cursors and commits of a function become transactions on the async driver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import libcst as cst

from ai_catalyst.check.migrate.held import Held
from ai_catalyst.check.migrate.nodes import (
    async_with,
    call_on,
    code_of,
    indented,
    is_compound,
    last_name,
    led_by,
    map_bodies,
    replaced,
    shape,
    single,
    walk,
)
from ai_catalyst.check.migrate.placeholders import Untranslatable
from ai_catalyst.check.migrate.results import Block
from ai_catalyst.check.migrate.transactions import Open, Transactions

__all__ = ["translated"]


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


@dataclass
class _Function(Transactions):
    # --- outside of any transaction

    def block(self, statements: Block) -> Block:
        out: Block = []
        waiting = list(statements)
        while waiting:
            statement = waiting.pop(0)
            opened = self._opens(statement)
            if opened is not None:
                out += self._region(waiting, opened, committed=False)
                return led_by(out, statement)
            if isinstance(statement, cst.With) and self._is_ours(statement):
                out += led_by(self._with(statement, waiting), statement)
            else:
                out += self._plain(statement)
        return out

    def _plain(self, statement: cst.BaseStatement) -> Block:
        for connection in self.held.connections:
            if call_on(statement, connection, "rollback"):
                return []  # a transaction that raised is undone already
            if _commits_alone(statement, connection):
                return []
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
        return led_by(body, before)

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
        closing = names.get("maker") and names["maker"].item is not _unwrapped(names["maker"].item)
        if self.held.autocommit and kinds != ["cursor"] and not closing:
            raise Untranslatable("a block of a connection that commits by itself")
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
        return [async_with([item], inner)]

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

    def _named(self, item: cst.WithItem) -> Open:
        call = _unwrapped(item.item)
        if item.asname is None or not isinstance(item.asname.name, cst.Name):
            raise Untranslatable("a cursor that has no name")
        assert isinstance(call, cst.Call)
        return self._opened(item.asname.name.value, call)

    def _only_cursor(self, body: Block, connection: str) -> tuple[Open, Block]:
        """Return the one cursor that a transaction's block makes, and the block without it."""
        opened: list[Open] = []

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
                    kept += led_by(without(list(block.body)), statement)
                else:
                    kept.append(map_bodies(statement, without))
            return kept

        left = without(body)
        if left and call_on(left[-1], connection, "commit"):
            left = left[:-1]
        if len({(o.cursor.name, o.connection) for o in opened}) != 1:
            raise Untranslatable("a transaction without exactly one cursor")
        return opened[0], left

    # --- at the end

    def check(self, function: cst.FunctionDef) -> None:
        """Refuse what is left of the old driver's ways."""
        allowed = {"transaction", "alone", "close"}
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


def _commits_alone(statement: cst.BaseStatement, connection: str) -> bool:
    """Tell whether a line says that a connection commits after each statement."""
    small = single(statement)
    if (
        isinstance(small, cst.Assign)
        and shape(small.targets[0].target) == f"{connection}.autocommit"
    ):
        if code_of(small.value) != "True":
            raise Untranslatable("a connection whose commits change")
        return True
    call = call_on(statement, connection, "set_session", "set_isolation_level")
    if call is None:
        return False
    text = ", ".join(code_of(arg).rstrip(", ") for arg in call.args)
    if text.rpartition(".")[2] not in ("autocommit=True", "ISOLATION_LEVEL_AUTOCOMMIT", "0"):
        raise Untranslatable(f"{last_name(call.func)} with {text}")
    return True


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


def _awaiting(statement: cst.BaseStatement, call: cst.Call) -> cst.BaseStatement:
    return replaced(statement, call, cst.Await(call))
