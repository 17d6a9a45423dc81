"""A cursor's calls become asyncpg's: ``execute`` and its ``fetch…`` are one awaited call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from ai_catalyst.check.migrate.arguments import columns, literal, positional, values, with_commas
from ai_catalyst.check.migrate.copies import COPIES, copied
from ai_catalyst.check.migrate.nodes import (
    COMMA,
    awaited,
    call_on,
    code_of,
    last_name,
    map_bodies,
    mentions,
    replaced,
    shape,
    single,
    walk,
)
from ai_catalyst.check.migrate.placeholders import Untranslatable
from ai_catalyst.check.migrate.results import (
    FETCHES,
    MANY,
    Block,
    Use,
    header_uses,
    is_source,
    many_call,
    until_next,
    uses,
)

__all__ = ["Cursor", "postgres_statements"]


@dataclass(slots=True)
class Cursor:
    """A cursor's name, what its rows are (plain or dict), and what its function does with them.

    ``server`` tells that the rows stay with the server until they are asked for, ``prefetch`` how
    many come at once.
    """

    name: str
    rows: str = "plain"
    server: bool = False
    prefetch: str = ""
    returned: frozenset[str] = frozenset()
    taken: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)

    def fresh(self, name: str) -> str:
        """Return a name that the function does not use yet."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def postgres_statements(block: Block, cursor: Cursor) -> Block:
    """Return statements that used a psycopg2 cursor, using an asyncpg connection of that name.

    Raises `Untranslatable` when a call has no counterpart.
    """
    made = _Postgres(cursor).block(block)
    _check(made, cursor)
    return made


class _Postgres:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def block(self, statements: Sequence[cst.BaseStatement]) -> Block:
        waiting = list(statements)
        out: Block = []
        while waiting:
            statement = waiting.pop(0)
            call = call_on(statement, self.cursor.name, "execute")
            if call is not None:
                out += self._executed(statement, call, waiting)
            elif call_on(statement, self.cursor.name, "close") or self._sizes(statement):
                continue
            else:
                out.append(self._other(statement))
        return out

    def _sizes(self, statement: cst.BaseStatement) -> bool:
        """Take ``cursor.itersize = 500``: how many rows come at once."""
        small = single(statement)
        if not isinstance(small, cst.Assign) or not self.cursor.server:
            return False
        if shape(small.targets[0].target) != f"{self.cursor.name}.itersize":
            return False
        self.cursor.prefetch = code_of(small.value)
        return True

    def _other(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        call = call_on(statement, self.cursor.name, "executemany")
        if call is None:
            call = many_call(statement, self.cursor.name)
        if call is not None:
            return replaced(statement, call, cst.Await(self._many(call)))
        call = call_on(statement, self.cursor.name, *COPIES)
        if call is not None:
            made, helper = copied(call, self.cursor.name)
            self.cursor.helpers.add(helper)
            return replaced(statement, call, cst.Await(made))
        made_of = map_bodies(statement, self.block)
        return _without_idle_end(made_of, statement)

    # --- execute and what follows it

    def _executed(self, statement: cst.BaseStatement, call: cst.Call, following: Block) -> Block:
        reach = until_next(following, self.cursor.name)
        found = [use for s in following[:reach] for use in uses(s, self.cursor.name)]
        if reach < len(following):
            found += header_uses(following[reach], self.cursor.name)
        if self.cursor.server:
            return self._streamed(statement, call, found, following)
        if not found:
            return [replaced(statement, call, cst.Await(self._call(call, "execute")))]
        use = found[0]
        if len(found) == 1 and self._folds(use, following[0]):
            made = self._folded(use, call, following[0])
            following.pop(0)
            return [map_bodies(_with_leading(made, statement), self.block)]
        return self._kept(statement, call, found, following)

    def _streamed(
        self, statement: cst.BaseStatement, call: cst.Call, found: list[Use], following: Block
    ) -> Block:
        """The rows of a server's cursor come while a loop goes through them."""
        place = next((i for i, s in enumerate(following) if mentions(s, self.cursor.name)), -1)
        loop = following[place] if place >= 0 else None
        is_source = isinstance(loop, cst.For) and len(found) == 1 and found[0].node is loop.iter
        if not is_source or not isinstance(loop, cst.For) or self.cursor.rows == "dict":
            raise Untranslatable("a cursor of the server that no loop goes through at once")
        if mentions(call, *_assigned(following[:place])):
            raise Untranslatable("a parameter changes before the rows are read")
        made = self._call(call, "cursor")
        if self.cursor.prefetch:
            last = made.args[-1].with_changes(comma=COMMA)
            size = cst.parse_expression(f"f(prefetch={self.cursor.prefetch})")
            made = made.with_changes(
                args=[*made.args[:-1], last, *cst.ensure_type(size, cst.Call).args]
            )
        made_loop = loop.with_changes(iter=made, asynchronous=cst.Asynchronous())
        between = following[:place]
        del following[: place + 1]
        return [*between, map_bodies(_with_leading(made_loop, statement), self.block)]

    def _folds(self, use: Use, following: cst.BaseStatement) -> bool:
        in_header = use.parents[:1] == [following] and not any(
            isinstance(parent, cst.BaseSuite) for parent in use.parents
        )
        return in_header and use.kind in (*FETCHES, "iter") and not use.repeated

    def _folded(self, use: Use, call: cst.Call, following: cst.BaseStatement) -> cst.BaseStatement:
        call = self._call(call, "fetchrow" if use.kind == "fetchone" else "fetch")
        kind = "dict" if self.cursor.rows == "dict" else ""
        if not kind and self._leaves(use):
            kind = "tuple"
        made = (
            self._as(kind, f"await {code_of(call)}", use)
            if kind
            else awaited(call, use.parents[-1], use.node)
        )
        return replaced(following, use.node, made)

    def _as(self, kind: str, text: str, use: Use) -> cst.BaseExpression:
        """Turn records into what leaves the function: dicts where they were, else tuples."""
        if use.kind == "fetchone":
            self.cursor.helpers.add("_row")
            return cst.parse_expression(f"_row({text}, {kind})")
        return cst.parse_expression(f"[{kind}(row) for row in {text}]")

    def _leaves(self, use: Use) -> bool:
        parent = use.parents[-1]
        if isinstance(parent, cst.Return):
            return True
        if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
            target = parent.targets[0].target
            return isinstance(target, cst.Name) and target.value in self.cursor.returned
        return False

    def _kept(
        self, statement: cst.BaseStatement, call: cst.Call, asked: list[Use], following: Block
    ) -> Block:
        """Keep the result under a name, when it is asked for later or more than once."""
        kinds = [use.kind for use in asked]
        if set(kinds) == {"rowcount"}:
            name = self.cursor.fresh("status")
            value = self._call(call, "execute")
            texts = {"rowcount": f"int({name}.split()[-1])"}
        else:
            alone = kinds.count("fetchone") <= 1 and len(set(kinds) & {*FETCHES, "iter"}) == 1
            if not alone or any(u.repeated and u.kind == "fetchone" for u in asked):
                raise Untranslatable("rows are fetched one after another from one result")
            name = self.cursor.fresh("found")
            value = self._call(call, "fetch")
            texts = {
                "fetchall": name,
                "iter": name,
                "fetchone": f"({name}[0] if {name} else None)",
                "rowcount": f"len({name})",
            }
        line = cst.Assign([cst.AssignTarget(cst.Name(name))], cst.Await(value))
        for use in asked:
            made = cst.parse_expression(texts[use.kind])
            kind = "dict" if self.cursor.rows == "dict" else "tuple" if self._leaves(use) else ""
            if use.kind != "rowcount" and kind:
                made = self._as(kind, code_of(made), use)
            for index, item in enumerate(following):
                if any(node is use.node for node in walk(item)):
                    following[index] = replaced(item, use.node, made)
        small = cst.ensure_type(statement, cst.SimpleStatementLine)
        return [small.with_changes(body=[line])]

    # --- one call

    def _call(self, call: cst.Call, method: str) -> cst.Call:
        func = cst.ensure_type(call.func, cst.Attribute).with_changes(attr=cst.Name(method))
        return call.with_changes(func=func, args=self._arguments(call))

    def _arguments(self, call: cst.Call) -> list[cst.Arg]:
        given = positional(call, ("query", "vars"))
        if len(given) == 1 or (len(given) == 2 and code_of(given[1].value) == "None"):
            return [given[0].with_changes(comma=call.args[-1].comma)]
        query, params = given
        sql, order = literal(query.value)
        if sql is None:
            self.cursor.helpers.add("_sql")
            text = f"_sql({code_of(query.value)}, {code_of(params.value)})"
            return [cst.Arg(cst.parse_expression(text), star="*")]
        given_values = values(params.value, order)
        if given_values is None:
            self.cursor.helpers.add("_sql")
            text = f"_sql({code_of(query.value)}, {code_of(params.value)})"
            return [cst.Arg(cst.parse_expression(text), star="*")]
        arguments = [query.with_changes(value=sql, keyword=None), *given_values]
        return with_commas(arguments, call)

    def _many(self, call: cst.Call) -> cst.Call:
        given = list(call.args)
        name = last_name(call.func)
        if name in MANY:
            given = given[1:]
        template = next((a.value for a in given if _word(a) == "template"), None)
        given = [arg for arg in given if _word(arg) not in ("page_size", "template")]
        if len(given) != 2 or any(arg.keyword or arg.star for arg in given):
            raise Untranslatable(f"{name} with options")
        value: cst.BaseExpression = given[0].value
        sql, order = columns(value, template) if name == "execute_values" else literal(value)
        if sql is None:
            raise Untranslatable(f"{name} with SQL that is put together at run time")
        rows = given[1].value
        if order and order[0] is not None:
            items = ", ".join(f'row["{item}"]' for item in order) + ("," * (len(order) == 1))
            rows = cst.parse_expression(f"[({items}) for row in {code_of(rows)}]")
        func = cst.parse_expression(f"{self.cursor.name}.executemany")
        last = call.args[-1].comma if given[1] is not call.args[-1] else given[1].comma
        arguments = [
            given[0].with_changes(value=sql),
            given[1].with_changes(value=rows, comma=last),
        ]
        return call.with_changes(func=func, args=arguments)


def _without_idle_end(made: cst.BaseStatement, before: cst.BaseStatement) -> cst.BaseStatement:
    """Drop a ``finally`` that did no more than close a cursor."""
    if not isinstance(made, cst.Try) or not isinstance(before, cst.Try) or not made.handlers:
        return made
    final, was = made.finalbody, before.finalbody
    if final is None or was is None or not isinstance(single(final.body.body[0]), cst.Pass):
        return made
    is_new = not isinstance(single(was.body.body[0]), cst.Pass)
    return made.with_changes(finalbody=None) if is_new else made


def _assigned(statements: Block) -> Iterator[str]:
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, cst.AssignTarget):
                yield shape(node.target)


def _word(arg: cst.Arg) -> str:
    return arg.keyword.value if arg.keyword is not None else ""


def _with_leading(statement: cst.BaseStatement, before: cst.BaseStatement) -> cst.BaseStatement:
    """Keep the comments above a statement that is folded into the next one."""
    lines = [*before.leading_lines, *getattr(statement, "leading_lines", ())]  # type: ignore[attr-defined]
    return statement.with_changes(leading_lines=lines)


def _check(block: Block, cursor: Cursor) -> None:
    """Refuse what is left: nothing may call a cursor any more."""
    known = {"execute", "fetch", "fetchrow", "executemany", "copy_to_table", "copy_from_table"}
    known |= {"cursor"} if cursor.server else set()
    for statement in block:
        for node in walk(statement):
            ours = isinstance(node, cst.Attribute) and shape(node.value) == cursor.name
            if ours and last_name(node) not in known:
                raise Untranslatable(f"cursor.{last_name(node)} has no counterpart here")
        plain = [n for n in walk(statement) if isinstance(n, cst.Call)]
        waited = {id(n.expression) for n in walk(statement) if isinstance(n, cst.Await)}
        waited |= {id(n.iter) for n in walk(statement) if isinstance(n, cst.For) and n.asynchronous}
        for call in plain:
            if (
                isinstance(call.func, cst.Attribute)
                and shape(call.func.value) == cursor.name
                and id(call) not in waited
            ):
                raise Untranslatable(f"cursor.{call.func.attr.value} inside an expression")
        if any(is_source(p, c, cursor.name) for p in walk(statement) for c in p.children):
            raise Untranslatable("rows are fetched one after another from one result")
