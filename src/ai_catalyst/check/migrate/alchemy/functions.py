"""One function's use of sessions, engines and connections, awaited.

What a Select cannot say stays a Query and runs inside ``session.run_sync(…)``, SQLAlchemy's own
way to run sync code on an async session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from ai_catalyst.check.migrate.alchemy.chains import TERMINALS, Chain, chain_of
from ai_catalyst.check.migrate.alchemy.selects import (
    Asked,
    Kind,
    answered,
    executed_all,
    kind_of,
    selected,
)
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.nodes import (
    async_with,
    awaited,
    code_of,
    last_name,
    replaced,
    shape,
    single,
    split_with,
    walk,
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
BULK = frozenset({"bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
_ON_CONNECTIONS = frozenset(
    {"execute", "scalar", "scalars", "commit", "rollback", "close", "exec_driver_sql", "begin"}
)
_ON_ENGINES = frozenset({"connect", "begin", "dispose"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
_COLLECTS = frozenset({"list", "tuple", "set", "sorted", "enumerate", "len", "reversed"})

Build = Callable[[], cst.CSTNode]


def in_async(function: cst.FunctionDef, held: Sessions) -> tuple[cst.FunctionDef, set[str]]:
    """Return a function on async sessions, and the names of SQLAlchemy that it uses now.

    Raises `Untranslatable` with the reason.
    """
    if not isinstance(function.body, cst.IndentedBlock):
        raise Untranslatable("a function on one line")
    work = _Function(function, held)
    body = function.body.visit(work)
    made = function.with_changes(body=body)
    return made, {_imported(held.name(name), name) for name in work.used}


def _imported(spelled: str, name: str) -> str:
    """Return what a file has to import for a name, as it writes it."""
    return spelled.rpartition(".")[0] if "." in spelled else f"sqlalchemy.{name}"


class _Function(cst.CSTTransformer):
    def __init__(self, function: cst.FunctionDef, held: Sessions) -> None:
        super().__init__()
        self.function, self.held = function, held
        self.used: set[str] = set()
        self.builds: dict[int, Build] = {}
        self.parents = {id(c): p for p in walk(function) for c in p.children}
        self.aliases = frozenset(_assigned(function, lambda v: _calls(v, "aliased")))
        self.starts = held.sessions | held.queries
        self.kinds = self._kinds()

    # --- queries that are kept under a name

    def _kinds(self) -> dict[str, Kind]:
        """Return the kind of each query that is kept under a name."""
        found: dict[str, Kind] = {}
        pending = [node for node in walk(self.function) if isinstance(node, cst.Assign)]
        for _ in pending:
            before = dict(found)
            for node in pending:
                self._learn(node, found)
            if before == found:
                break
        missing = (self.held.queries - found.keys()) & set(self._given(pending))
        if missing:
            raise Untranslatable(f"the query {min(missing)} is handed around")
        self.starts = self.starts | found.keys()
        return found

    def _given(self, assigned: list[cst.Assign]) -> Iterator[str]:
        """Return the names of what comes from elsewhere: parameters, what other calls give."""
        parameters = self.function.params
        for param in (*parameters.params, *parameters.kwonly_params, *parameters.posonly_params):
            yield param.name.value
        for node in assigned:
            if isinstance(node.value, cst.Call) and chain_of(node.value, self.starts) is None:
                yield from (shape(target.target) for target in node.targets)

    def _learn(self, node: cst.Assign, found: dict[str, Kind]) -> None:
        chain = chain_of(node.value, self.held.sessions | found.keys())
        target = node.targets[0].target
        if chain is None or not chain.steps or not chain.is_query:
            return
        if len(node.targets) != 1 or not isinstance(target, cst.Name):
            raise Untranslatable("a query that is kept")
        kind = self._kind(chain, found)
        if kind is None:
            raise Untranslatable(
                f"{code_of(node.value)}: it cannot be told whether it gives a model"
            )
        known = found.get(target.value, kind)
        if (known.entity, known.session) != (kind.entity, kind.session):
            raise Untranslatable(f"{target.value} is two kinds of query")
        found[target.value] = Kind(kind.entity, kind.repeats or known.repeats, kind.session)

    def _kind(self, chain: Chain, found: dict[str, Kind]) -> Kind | None:
        root = shape(chain.base)
        if root not in found:
            kind = kind_of(chain, self.held, self.aliases)
            return None if kind is None else Kind(kind.entity, kind.repeats, code_of(chain.base))
        base = found[root]
        entity = base.entity and "add_columns" not in chain.names
        repeats = base.repeats or chain.repeats("", self.held.models)
        return Kind(entity, repeats, base.session)

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

    # --- queries

    def _of_query(self, node: cst.BaseExpression, chain: Chain) -> Build | None:
        if chain.asks:
            return lambda: self._placed(self._asked(node, chain), node)
        if chain.is_construct:
            return lambda: self._construct(chain)
        if chain.steps and chain.names[-1] == "statement":
            return lambda: self._select(chain, len(chain.steps) - 1).select
        if chain.is_query:
            return lambda: self._query(node, chain)
        if chain.odd:
            why = f"Query.{chain.odd} has no counterpart"
            return lambda: self._placed(self._as_it_was(node, chain, why), node)
        return None

    def _select(
        self, chain: Chain, steps: int | None = None, node: cst.BaseExpression | None = None
    ) -> Asked:
        kind = self._kind(chain, self.kinds)
        if kind is None:
            raise Untranslatable("it cannot be told whether the query gives a model or a column")
        session = cst.parse_expression(kind.session)
        asked = Asked(session, chain.base, kind, self.held, self.used)
        asked.bracketed = node is not None and bool(node.lpar) and _is_on_lines(node.lpar[0])
        selected(chain, asked, self._arg, steps)
        return asked

    def _asked(self, node: cst.BaseExpression, chain: Chain) -> cst.BaseExpression:
        used = set(self.used)
        try:
            asked = self._select(chain, len(chain.steps) - 1, node)
            alone = isinstance(self._parent(node), cst.Expr)
            return answered(chain.steps[-1], asked, self._arg, chain, alone=alone)
        except Untranslatable as reason:
            self.used.clear()
            self.used.update(used)
            return self._as_it_was(node, chain, str(reason))

    def _construct(self, chain: Chain) -> cst.BaseExpression:
        last = chain.steps[-1]
        assert last.call is not None
        asked = self._select(chain, len(chain.steps) - 1)
        name = "scalar_subquery" if last.name == "as_scalar" else last.name
        func = last.node.with_changes(value=asked.select, attr=cst.Name(name))
        return last.call.with_changes(func=func, args=[self._arg(a) for a in last.call.args])

    def _query(self, node: cst.BaseExpression, chain: Chain) -> cst.CSTNode:
        """A query that is not asked is a Select; one that is gone through is asked for all."""
        parent = self._parent(node)
        if _is_gone_through(parent, node, self._parent(parent) if parent else None):
            self._check_place(node)
            return executed_all(self._select(chain, None, node))
        if isinstance(parent, cst.Assign) and parent.value is node:
            made = self._select(chain).select
            return made.with_changes(lpar=node.lpar, rpar=node.rpar) if chain.steps else made
        if isinstance(parent, cst.AssignTarget):
            return node
        if isinstance(parent, cst.Arg) and self._is_sql(parent):
            return self._select(chain).select
        if isinstance(parent, cst.Subscript) and parent.value is node:
            raise Untranslatable("a slice of a query: say offset and limit")
        raise Untranslatable("a query that is handed around")

    def _is_sql(self, arg: cst.Arg) -> bool:
        """Tell whether an argument is that of a piece of SQL: ``column.in_(query)``."""
        call = self._parent(arg)
        return isinstance(call, cst.Call) and last_name(call.func) in (
            *("in_", "not_in", "notin_", "exists", "union", "union_all", "select_from", "execute"),
            *("scalars", "scalar", "from_select", "join", "outerjoin", "select"),
        )

    def _as_it_was(self, node: cst.BaseExpression, chain: Chain, why: str) -> cst.BaseExpression:
        """Return the query as it is, run by a sync session inside the async one."""
        if shape(chain.base) not in self.held.sessions or not isinstance(node, cst.Call):
            raise Untranslatable(why)
        gives = chain.names[-1] in TERMINALS | BULK and "yield_per" not in chain.names
        if not gives or self._waits_inside(node, chain):
            raise Untranslatable(why)
        name = last_name(chain.base)
        if not name:
            raise Untranslatable(why)
        inner = replaced(node, chain.base, cst.Name(name)).with_changes(lpar=[], rpar=[])
        text = f"{code_of(chain.base)}.run_sync"
        body = cst.Lambda(cst.Parameters([cst.Param(cst.Name(name))]), inner)
        return cst.Await(cst.Call(cst.parse_expression(text), [cst.Arg(body)]))

    def _waits_inside(self, node: cst.BaseExpression, chain: Chain) -> bool:
        """Tell whether the arguments call what may become async."""
        ours = {id(step.call) for step in chain.steps}
        return any(
            isinstance(inner, cst.Call)
            and id(inner) not in ours
            and chain_of(inner, self.starts) is None
            and (shape(inner.func).startswith(("self.", "cls.")) or "()" in shape(inner.func))
            for inner in walk(node)
        )

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

    # --- where things stand

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


_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _is_on_lines(bracket: cst.LeftParen) -> bool:
    return isinstance(bracket.whitespace_after, cst.ParenthesizedWhitespace)


def _in_source(part: cst.CompFor, node: cst.CSTNode) -> bool:
    return any(inner is node for inner in walk(part.iter))


def _unclosed(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return what ``closing(…)`` holds: a session closes itself at the end of its block."""
    if isinstance(node, cst.Call) and last_name(node.func) == "closing" and len(node.args) == 1:
        return node.args[0].value
    return node


def _is_gone_through(
    parent: cst.CSTNode | None, node: cst.CSTNode, above: cst.CSTNode | None
) -> bool:
    """Tell whether a node is what is iterated over, or collected by a builtin."""
    if isinstance(parent, cst.For | cst.CompFor):
        return parent.iter is node
    if isinstance(parent, cst.Arg) and isinstance(above, cst.Call) and not parent.keyword:
        return isinstance(above.func, cst.Name) and above.func.value in _COLLECTS
    return isinstance(parent, cst.StarredElement)


def _calls(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Call) and last_name(node.func) == name


def _assigned(
    function: cst.FunctionDef, wanted: Callable[[cst.BaseExpression], bool]
) -> Iterator[str]:
    for node in walk(function):
        if isinstance(node, cst.Assign) and wanted(node.value):
            yield from (shape(target.target) for target in node.targets)
