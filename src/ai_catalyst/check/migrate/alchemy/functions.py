"""One function's use of sessions, engines and connections, awaited.

What a Select cannot say stays a Query and runs inside ``session.run_sync(…)``, SQLAlchemy's own
way to run sync code on an async session.
"""

from __future__ import annotations

import libcst as cst

from ai_catalyst.check.migrate.alchemy.chains import Chain, chain_of
from ai_catalyst.check.migrate.alchemy.queries import BULK, Build, Queries
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.nodes import (
    async_with,
    code_of,
    last_name,
    shape,
    single,
    split_with,
)
from ai_catalyst.check.migrate.placeholders import Untranslatable

__all__ = ["in_async"]

_AWAITED = frozenset(
    {
        *("close", "commit", "delete", "execute", "flush", "get", "get_one", "merge", "refresh"),
        *("rollback", "scalar", "scalars", "invalidate", "remove", "begin", "begin_nested"),
    }
)
_SAME = frozenset(
    {
        *("add", "add_all", "expunge", "expunge_all", "is_modified", "in_transaction", "new"),
        *("dirty", "deleted", "info", "is_active", "no_autoflush", "autoflush", "identity_map"),
        *("in_nested_transaction",),
    }
)
_ON_CONNECTIONS = frozenset(
    {"execute", "scalar", "scalars", "commit", "rollback", "close", "exec_driver_sql", "begin"}
)
_ON_ENGINES = frozenset({"connect", "begin", "dispose"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})


def in_async(function: cst.FunctionDef, held: Sessions) -> tuple[cst.FunctionDef, set[str]]:
    """Return a function on async sessions, and the names of SQLAlchemy that it uses now.

    Raises `Untranslatable` with the reason.
    """
    if not isinstance(function.body, cst.IndentedBlock):
        raise Untranslatable("a function on one line")
    work = _Function(function, held)
    body = function.body.visit(work)
    made = function.with_changes(body=body)
    names = {_imported(held.name(name), name) for name in work.used}
    return made, names - {""}


def _imported(spelled: str, name: str) -> str:
    """Return what a file has to import for a name, as it writes it; empty: it has it."""
    home, _, _ = spelled.rpartition(".")
    return f"sqlalchemy.{name}" if not home else home if home == "sqlalchemy" else ""


class _Function(Queries):
    # --- the walk

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            return False
        build = self._found(node) if isinstance(node, cst.BaseExpression) else None
        if build is None and isinstance(node, cst.SimpleStatementLine):
            build = self._tables(node)
        if build is not None:
            self.builds[id(node)] = build
        return build is None

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        build = self.builds.pop(id(original_node), None)
        if build is not None:
            return build()
        if isinstance(original_node, cst.With) and isinstance(updated_node, cst.With):
            return self._with(original_node, updated_node)
        return updated_node

    def _found(self, node: cst.BaseExpression) -> Build | None:
        """Return what makes an expression's translation, None when it has none of its own."""
        chain = chain_of(node, self.starts)
        if chain is not None and not (chain.steps or shape(chain.base) in self.kinds):
            chain = None
        if chain is not None and not self._continues(node):
            root = shape(chain.base)
            if root in self.kinds or chain.names[0] == "query":
                return self._of_query(node, chain)
            if len(chain.steps) == 1:
                return self._of_session(node, chain)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            owner = shape(node.func.value)
            if owner in self.held.connections:
                return self._of_engine(node, _ON_CONNECTIONS)
            if owner in self.held.engines:
                return self._of_engine(node, _ON_ENGINES)
            if owner in self.held.clients and node.func.attr.value in _VERBS:
                return self._awaited(node)
        return None

    def _continues(self, node: cst.BaseExpression) -> bool:
        """Tell whether a node is only the name in front of the brackets of a call."""
        parent = self._parent(node)
        return isinstance(parent, cst.Call) and parent.func is node

    # --- sessions

    def _of_session(self, node: cst.BaseExpression, chain: Chain) -> Build | None:
        step = chain.steps[0]
        if step.name in _SAME:
            return None
        if step.call is None:
            if step.name in _AWAITED or step.name == "query":
                raise Untranslatable(f"session.{step.name} is handed around as a value")
            raise Untranslatable(f"session.{step.name} has no counterpart")
        call = step.call
        if step.name in BULK:
            return lambda: self._placed(self._as_it_was(call, chain, step.name), node)
        if step.name not in _AWAITED:
            hint = {
                "expire": ": await session.refresh(…) instead",
                "expire_all": ": await session.refresh(…) instead",
            }.get(step.name, "")
            raise Untranslatable(f"session.{step.name} has no async counterpart{hint}")
        return self._awaited(call)

    def _awaited(self, call: cst.Call) -> Build | None:
        parent = self._parent(call)
        if isinstance(parent, cst.WithItem):
            return None
        if last_name(call.func) in ("begin", "begin_nested") and not isinstance(parent, cst.Expr):
            raise Untranslatable("a transaction that is kept")

        def build() -> cst.CSTNode:
            func = call.func.visit(self) if "(" in shape(call.func) else call.func
            made = call.with_changes(func=func, args=[self._arg(arg) for arg in call.args])
            return self._placed(cst.Await(made), call)

        return build

    def _of_engine(self, node: cst.Call, known: frozenset[str]) -> Build | None:
        name = last_name(node.func)
        if name not in known:
            raise Untranslatable(f".{name} of an engine or connection has no counterpart here")
        return self._awaited(node)

    # --- tables

    def _tables(self, statement: cst.SimpleStatementLine) -> Build | None:
        small = single(statement)
        call = small.value if isinstance(small, cst.Expr) else None
        if not isinstance(call, cst.Call) or shape(call.func) not in self.held.tables:
            return None
        return lambda: self._on_connection(statement, call)

    def _on_connection(
        self, statement: cst.SimpleStatementLine, call: cst.Call
    ) -> cst.BaseStatement:
        """``metadata.create_all(engine)`` needs a connection that runs it."""
        binds = [a for a in call.args if a.keyword is None or a.keyword.value == "bind"][:1]
        if not binds:
            raise Untranslatable(f"{last_name(call.func)} without an engine")
        bind = binds[0].value
        others = [arg for arg in call.args if arg is not binds[0]]
        work = cst.Arg(call.func, comma=_COMMA if others else cst.MaybeSentinel.DEFAULT)
        owner = code_of(bind) if shape(bind) in self.held.connections else "connection"
        run = cst.Call(cst.parse_expression(f"{owner}.run_sync"), [work, *others])
        line = cst.SimpleStatementLine([cst.Expr(cst.Await(run))])
        if owner != "connection" or shape(bind) == "connection":
            return line.with_changes(leading_lines=statement.leading_lines)
        if shape(bind) not in self.held.engines:
            raise Untranslatable(f"{last_name(call.func)} on something else than an engine")
        opened = cst.parse_expression(f"{code_of(bind)}.begin()")
        item = cst.WithItem(opened, cst.AsName(cst.Name("connection")))
        made = async_with(
            [item], [line.with_changes(trailing_whitespace=statement.trailing_whitespace)]
        )
        return made.with_changes(leading_lines=statement.leading_lines)

    # --- with

    def _with(self, original: cst.With, updated: cst.With) -> cst.With:
        if updated.asynchronous is not None:
            return updated
        later = [self._is_ours(item.item) for item in original.items]
        if not any(later):
            return updated
        items = [
            item.with_changes(item=_unclosed(item.item)) if ours else item
            for item, ours in zip(updated.items, later, strict=True)
        ]
        updated = updated.with_changes(items=items)
        return split_with(updated, later)

    def _is_ours(self, node: cst.BaseExpression) -> bool:
        node = _unclosed(node)
        if shape(node) in self.held.sessions | self.held.connections | self.held.clients:
            return True
        if not isinstance(node, cst.Call):
            return False
        if shape(node.func) in self.held.factories:
            return True
        if not isinstance(node.func, cst.Attribute):
            return False
        owner, name = shape(node.func.value), node.func.attr.value
        if owner in self.held.engines and name in ("connect", "begin"):
            return True
        lenders = self.held.sessions | self.held.connections | self.held.factories
        return owner in lenders and name in ("begin", "begin_nested")


_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _unclosed(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return what ``closing(…)`` holds: a session closes itself at the end of its block."""
    if isinstance(node, cst.Call) and last_name(node.func) == "closing" and len(node.args) == 1:
        return node.args[0].value
    return node
