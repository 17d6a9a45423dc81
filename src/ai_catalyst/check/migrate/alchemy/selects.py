"""A Query becomes a Select, and what it was asked for becomes what the result is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import libcst as cst

from ai_catalyst.check.migrate.alchemy.chains import Chain, Step
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.nodes import code_of, last_name, shape
from ai_catalyst.check.migrate.placeholders import Untranslatable

__all__ = ["Asked", "Kind", "answered", "executed_all", "kind_of", "rows", "selected"]

_BY_NAME = ("model", "entity", "cls", "model_class", "model_cls", "orm_model")
_RENAMED = {"filter": "where", "as_scalar": "scalar_subquery"}
_COUNTED = frozenset({"query", "filter", "where", "filter_by", "join", "outerjoin"})
_CHANGED = frozenset({"query", "filter", "where", "filter_by"})
_RESULTS = ("first", "one", "one_or_none", "all")

Visit = Callable[[cst.Arg], cst.Arg]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a query's rows are: one entity, or rows; whether one object may come twice."""

    entity: bool
    repeats: bool = False
    session: str = ""


@dataclass(slots=True)
class Asked:
    """A session's expression, a Select, what its rows are, and the names that were used.

    ``bracketed`` tells that the chain stands on lines of its own, in brackets of its own.
    """

    session: cst.BaseExpression
    select: cst.BaseExpression
    kind: Kind
    held: Sessions
    used: set[str] = field(default_factory=set)
    bracketed: bool = False

    def name(self, item: str) -> cst.BaseExpression:
        """Return a name of SQLAlchemy's, and remember that it is used."""
        self.used.add(item)
        return cst.parse_expression(self.held.name(item))


def kind_of(chain: Chain, held: Sessions, aliases: frozenset[str]) -> Kind | None:
    """Return what the rows of ``session.query(…)…`` are, None when that cannot be told."""
    query = chain.steps[0].call
    if query is None or not query.args:
        return None
    entities = [_is_entity(arg, held, aliases) for arg in query.args]
    if None in entities:
        return None
    single = entities == [True] and "add_columns" not in chain.names
    entity = shape(query.args[0].value) if single else ""
    several = single or any(entities)
    return Kind(single, several and (held.eager or chain.repeats(entity, held.models)))


def _is_entity(arg: cst.Arg, held: Sessions, aliases: frozenset[str]) -> bool | None:
    value = arg.value
    path = shape(value)
    if arg.star or arg.keyword is not None:
        return None
    if path in held.entities or path in aliases or path.rpartition(".")[2] in held.models:
        return True
    if isinstance(value, cst.Name | cst.Attribute) and last_name(value) in _BY_NAME:
        return True
    if isinstance(value, cst.Call):
        return None if last_name(value.func) in ("aliased", "Bundle") else False
    if isinstance(value, cst.Attribute):
        owner = shape(value.value)
        known = held.entities | aliases
        is_model = owner in known or owner.rpartition(".")[2] in {*held.models, *_BY_NAME, "c"}
        return False if is_model else None
    return None


def selected(chain: Chain, asked: Asked, visit: Visit, steps: int | None = None) -> None:
    """Put the Select that a chain's first steps are into ``asked``; layout and comments stay."""
    base = chain.base
    made: cst.BaseExpression = base
    for index, step in enumerate(chain.steps[:steps]):
        assert step.call is not None
        arguments = [visit(arg) for arg in step.call.args]
        if index == 0 and step.name == "query":
            made = step.call.with_changes(func=asked.name("select"), args=arguments)
            continue
        name = cst.Name(_RENAMED.get(step.name, step.name))
        made = step.call.with_changes(
            func=step.node.with_changes(value=made, attr=name), args=arguments
        )
    asked.select = made


def answered(
    last: Step, asked: Asked, visit: Visit, chain: Chain, *, alone: bool
) -> cst.BaseExpression:
    """Return the awaited expression for a chain that asks; ``alone``: nobody reads the answer."""
    assert last.call is not None
    arguments = [visit(arg) for arg in last.call.args]
    if last.name == "get":
        return _got(arguments, asked, chain)
    if last.name == "count":
        return _counted(asked, chain)
    if last.name in ("delete", "update"):
        return _changed(last.name, arguments, asked, chain, alone=alone)
    if arguments:
        raise Untranslatable(f"Query.{last.name} with arguments")
    if last.name == "first":
        asked.select = _with_limit(asked.select)
    return _results(last, asked)


def _results(last: Step, asked: Asked) -> cst.BaseExpression:
    made = _executed(asked, asked.select, last.node)
    if last.name == "scalar":
        made = _then(made, "unique") if asked.kind.repeats else made
        return _then(made, "scalar_one_or_none")
    return rows(made, asked.kind, last.name)


def rows(executed: cst.BaseExpression, kind: Kind, ask: str) -> cst.BaseExpression:
    """Return what an executed Select is asked for."""
    made = _then(executed, "scalars") if kind.entity else executed
    made = _then(made, "unique") if kind.repeats else made
    return _then(made, ask)


def executed_all(asked: Asked) -> cst.BaseExpression:
    """Return all that a Select finds."""
    return rows(_executed(asked, asked.select, None), asked.kind, "all")


def _then(made: cst.BaseExpression, name: str) -> cst.Call:
    return cst.Call(cst.Attribute(made, cst.Name(name)))


def _executed(
    asked: Asked, statement: cst.BaseExpression, last: cst.Attribute | None, how: str = "execute"
) -> cst.BaseExpression:
    """Return ``(await session.execute(statement))``, laid out over lines as the chain was."""
    func = cst.Attribute(asked.session, cst.Name(how))
    space = _line_break(statement)
    if space is None:
        return _in_brackets(cst.Await(cst.Call(func, [cst.Arg(statement)])))
    statement = statement.with_changes(lpar=[], rpar=[])
    if not asked.bracketed:
        statement, space = _deeper(statement), _indented(space)
    end = last.dot.whitespace_before if last is not None and asked.bracketed else space
    arg = cst.Arg(_deeper(statement), whitespace_after_arg=end if _is_break(end) else space)
    call = cst.Call(func, [arg], whitespace_before_args=_indented(space))
    left = cst.LeftParen(whitespace_after=space)
    return cst.Await(call, lpar=[left], rpar=[cst.RightParen(whitespace_before=_outer(space))])


def _in_brackets(node: cst.Await) -> cst.Await:
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _is_break(space: object) -> bool:
    return isinstance(space, cst.ParenthesizedWhitespace)


def _line_break(node: cst.BaseExpression) -> cst.ParenthesizedWhitespace | None:
    """Return the line break before the last step of a chain, None when it is on one line."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        space = node.func.dot.whitespace_before
        if isinstance(space, cst.ParenthesizedWhitespace):
            return space.with_changes(
                first_line=cst.TrailingWhitespace(), empty_lines=[], indent=True
            )
        return _line_break(node.func.value)
    return None


def _indented(space: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    return space.with_changes(last_line=cst.SimpleWhitespace(space.last_line.value + "    "))


def _outer(space: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    return space.with_changes(
        last_line=cst.SimpleWhitespace(space.last_line.value.removesuffix("    "))
    )


def _deeper(node: cst.BaseExpression) -> cst.BaseExpression:
    made = node.visit(_Deeper())
    assert isinstance(made, cst.BaseExpression)
    return made


class _Deeper(cst.CSTTransformer):
    def leave_ParenthesizedWhitespace(  # noqa: N802
        self,
        original_node: cst.ParenthesizedWhitespace,
        updated_node: cst.ParenthesizedWhitespace,
    ) -> cst.ParenthesizedWhitespace:
        return _indented(updated_node)

    def leave_EmptyLine(  # noqa: N802
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine:
        if updated_node.comment is None:
            return updated_node
        space = cst.SimpleWhitespace(updated_node.whitespace.value + "    ")
        return updated_node.with_changes(whitespace=space)


def _with_limit(select: cst.BaseExpression) -> cst.BaseExpression:
    bare = select.with_changes(lpar=[], rpar=[])
    return _step(bare, "limit", [cst.Arg(cst.Integer("1"))])


def _step(made: cst.BaseExpression, name: str, arguments: Sequence[cst.Arg]) -> cst.Call:
    """Return one more step of a chain, on a line of its own where the others are."""
    space = _line_break(made)
    dot = cst.Dot(whitespace_before=space) if space is not None else cst.Dot()
    return cst.Call(cst.Attribute(made, cst.Name(name), dot=dot), arguments)


def _awaiting(asked: Asked, how: str, arguments: list[cst.Arg]) -> cst.Await:
    return cst.Await(cst.Call(cst.Attribute(asked.session, cst.Name(how)), arguments))


def _got(arguments: list[cst.Arg], asked: Asked, chain: Chain) -> cst.BaseExpression:
    names = set(chain.names[1:-1])
    query = chain.steps[0].call
    if not asked.kind.entity or names - {"options"} or len(arguments) != 1 or query is None:
        raise Untranslatable("Query.get after other steps")
    entity = query.args[0].with_changes(comma=_COMMA)
    options = [a for step in chain.steps[1:-1] if step.call is not None for a in step.call.args]
    if not options:
        return _awaiting(asked, "get", [entity, arguments[0]])
    text = f"[{', '.join(code_of(arg.value) for arg in options)}]"
    more = cst.Arg(cst.parse_expression(text), cst.Name("options"), equal=_EQUAL)
    return _awaiting(asked, "get", [entity, arguments[0].with_changes(comma=_COMMA), more])


def _counted(asked: Asked, chain: Chain) -> cst.BaseExpression:
    func = code_of(asked.name("func"))
    query = chain.steps[0].call
    if (
        query is not None
        and chain.names[0] == "query"
        and asked.kind.entity
        and set(chain.names[:-1]) <= _COUNTED
    ):
        entity = code_of(query.args[0].value)
        head = f"{code_of(asked.name('select'))}({func}.count()).select_from({entity})"
        made = _based_on(asked.select, cst.parse_expression(head))
    else:
        bare = _then(asked.select.with_changes(lpar=[], rpar=[]), "subquery")
        head = f"{code_of(asked.name('select'))}({func}.count()).select_from"
        made = cst.Call(cst.parse_expression(head), [cst.Arg(bare)])
    found = _executed(asked, made, None, "scalar")
    bare_await = _line_break(made) is None
    return found.with_changes(lpar=[], rpar=[]) if bare_await else found


def _based_on(select: cst.BaseExpression, head: cst.BaseExpression) -> cst.BaseExpression:
    """Return a chain on another start in the place of ``select(…)``."""
    func = select.func if isinstance(select, cst.Call) else None
    if not isinstance(func, cst.Attribute) or not isinstance(func.value, cst.Call):
        return head
    made = func.with_changes(value=_based_on(func.value, head))
    return select.with_changes(func=made, lpar=[], rpar=[])


def _changed(
    name: str, arguments: list[cst.Arg], asked: Asked, chain: Chain, *, alone: bool
) -> cst.BaseExpression:
    query = chain.steps[0].call
    if (
        chain.names[0] != "query"
        or query is None
        or not asked.kind.entity
        or set(chain.names[:-1]) - _CHANGED
    ):
        raise Untranslatable(f"Query.{name} after other steps than filter")
    head = asked.name(name)
    start = cst.Call(head, [cst.Arg(query.args[0].value)])
    made: cst.BaseExpression = _based_on(asked.select, start)
    if name == "update":
        if not arguments or arguments[0].keyword is not None:
            raise Untranslatable("Query.update without its values")
        values = arguments.pop(0).with_changes(comma=cst.MaybeSentinel.DEFAULT)
        made = _step(made, "values", [values])
    if arguments:
        if len(arguments) > 1 or arguments[0].star:
            raise Untranslatable(f"Query.{name} with options")
        how = code_of(arguments[0].value)
        option = cst.parse_expression(f"x(synchronize_session={how})")
        options = cst.ensure_type(option, cst.Call).args
        made = _step(made, "execution_options", options)
    found = _executed(asked, made, None)
    if alone:
        return found.with_changes(lpar=[], rpar=[]) if _line_break(made) is None else found
    return cst.Attribute(found, cst.Name("rowcount"))


_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
