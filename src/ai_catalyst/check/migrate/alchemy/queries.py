"""The queries of one function: asked at once, kept under a name, or run as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from ai_catalyst.check.migrate.alchemy.chains import TERMINALS, Chain, chain_of
from ai_catalyst.check.migrate.alchemy.places import Places
from ai_catalyst.check.migrate.alchemy.selects import (
    Asked,
    Kind,
    answered,
    executed_all,
    kind_of,
    selected,
)
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.nodes import code_of, last_name, replaced, shape, walk
from ai_catalyst.check.migrate.placeholders import Untranslatable

__all__ = ["BULK", "Build", "Queries"]

BULK = frozenset({"bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
"""What only a sync session does: it runs inside the async one."""

_COLLECTS = frozenset({"list", "tuple", "set", "sorted", "enumerate", "len", "reversed"})

Build = Callable[[], cst.CSTNode]
"""What makes a node's translation, once its turn has come."""


class Queries(Places):
    """Translates the queries of one function."""

    def __init__(self, function: cst.FunctionDef, held: Sessions) -> None:
        """Take the function, and what it holds; `Untranslatable` for a query that is handed in."""
        super().__init__(function)
        self.held = held
        self.used: set[str] = set()
        self.builds: dict[int, Build] = {}
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
        target = node.targets[0].target
        for value in _branches(node.value):
            chain = chain_of(value, self.held.sessions | found.keys())
            if chain is None or not chain.steps or not chain.is_query:
                continue
            if len(node.targets) != 1 or not isinstance(target, cst.Name):
                raise Untranslatable("a query that is kept")
            kind = self._kind(chain, found)
            if kind is None:
                what = code_of(value)
                raise Untranslatable(f"{what}: it cannot be told whether it gives a model")
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
        if isinstance(parent, cst.IfExp) and parent.test is not node:
            parent, node_in = self._parent(parent), parent
        else:
            node_in = node
        if isinstance(parent, cst.Assign) and parent.value is node_in:
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


def _branches(node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...]:
    return (node.body, node.orelse) if isinstance(node, cst.IfExp) else (node,)


def _is_on_lines(bracket: cst.LeftParen) -> bool:
    return isinstance(bracket.whitespace_after, cst.ParenthesizedWhitespace)


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
