"""A chain on a session or a query, step by step: ``db.query(User).filter(…).all()``."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from ai_catalyst.check.migrate.nodes import last_name, shape, walk

__all__ = ["CONSTRUCTS", "FLUENT", "TERMINALS", "Chain", "Step", "chain_of"]

FLUENT = frozenset(
    {
        *("query", "filter", "where", "filter_by", "order_by", "limit", "offset", "join"),
        *("outerjoin", "options", "group_by", "having", "distinct", "select_from", "slice"),
        *("with_for_update", "add_columns", "execution_options", "correlate", "prefix_with"),
    }
)
"""Steps that a Select has as a Query has them."""

TERMINALS = frozenset(
    {
        *("all", "first", "one", "one_or_none", "scalar", "count", "get", "delete", "update"),
    }
)
"""Steps that ask the database."""

CONSTRUCTS = frozenset({"subquery", "exists", "scalar_subquery", "as_scalar", "label", "cte"})
"""Steps that end a query in a piece of SQL."""

_LOADERS = ("selectinload", "load_only", "defer", "undefer", "lazyload", "raiseload", "noload")


@dataclass(frozen=True, slots=True)
class Step:
    """One ``.name`` or ``.name(…)``."""

    name: str
    node: cst.Attribute
    call: cst.Call | None

    @property
    def arguments(self) -> tuple[cst.Arg, ...]:
        """Return what stands in the brackets."""
        return () if self.call is None else tuple(self.call.args)


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain starts from, and its steps in order."""

    base: cst.BaseExpression
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the steps' names."""
        return tuple(step.name for step in self.steps)

    @property
    def asks(self) -> bool:
        """Tell whether the last step, and only that, asks the database."""
        return (
            len(self.steps) > 0
            and self.names[-1] in TERMINALS
            and self.steps[-1].call is not None
            and self._is_fluent(self.steps[:-1])
        )

    @property
    def is_query(self) -> bool:
        """Tell whether the chain is a query that was not asked yet."""
        return self._is_fluent(self.steps)

    @property
    def is_construct(self) -> bool:
        """Tell whether the chain ends as a piece of SQL."""
        return (
            len(self.steps) > 0
            and self.names[-1] in CONSTRUCTS
            and self.steps[-1].call is not None
            and self._is_fluent(self.steps[:-1])
        )

    @property
    def odd(self) -> str:
        """Return the step that a Select has not, in a chain that asks further on; empty: none."""
        first = next((i for i, step in enumerate(self.steps) if not self._is_fluent((step,))), -1)
        if first < 1 or self.names[first] in TERMINALS | CONSTRUCTS | {"statement"}:
            return ""
        later = (i for i, name in enumerate(self.names) if i > first and name in TERMINALS)
        asks = next(later, len(self.steps) - 1)
        return self.names[first] if asks == len(self.steps) - 1 else ""

    def _is_fluent(self, steps: tuple[Step, ...]) -> bool:
        return all(step.name in FLUENT and step.call is not None for step in steps)

    def repeats(self, entity: str, models: frozenset[str]) -> bool:
        """Tell whether one object may come in several rows, of which a Query gave only one."""
        for step in self.steps:
            if step.name in ("join", "outerjoin", "select_from", "add_columns"):
                return True
            if step.name == "options" and step.call is not None:
                names = {last_name(n.func) for n in walk(step.call) if isinstance(n, cst.Call)}
                if names - {*_LOADERS, "options", "query", "filter", *FLUENT}:
                    return True
            is_filter = step.name in ("filter", "where") and step.call is not None
            if is_filter and any(_names_another(a, entity, models) for a in step.arguments):
                return True
        return False


def _names_another(arg: cst.Arg, entity: str, models: frozenset[str]) -> bool:
    return any(
        isinstance(node, cst.Attribute)
        and last_name(node.value) in models
        and last_name(node.value) != entity.rpartition(".")[2]
        for node in walk(arg)
    )


def chain_of(node: cst.CSTNode, starts: frozenset[str]) -> Chain | None:
    """Return the chain that ends in a node and starts from one of these paths, or None."""
    steps: list[Step] = []
    current = node
    while isinstance(current, cst.BaseExpression):
        if shape(current) in starts:
            return Chain(current, tuple(reversed(steps)))
        if isinstance(current, cst.Call) and isinstance(current.func, cst.Attribute):
            steps.append(Step(current.func.attr.value, current.func, current))
            current = current.func.value
        elif isinstance(current, cst.Attribute):
            steps.append(Step(current.attr.value, current, None))
            current = current.value
        else:
            return None
    return None
