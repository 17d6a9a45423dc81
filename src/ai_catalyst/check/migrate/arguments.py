"""The arguments of ``execute``: SQL with numbers, then its parameters one by one."""

from __future__ import annotations

import libcst as cst

from ai_catalyst.check.migrate.nodes import COMMA, code_of, last_name, replaced
from ai_catalyst.check.migrate.placeholders import Untranslatable, numbered

__all__ = ["columns", "literal", "positional", "values", "with_commas"]


def positional(call: cst.Call, names: tuple[str, str]) -> list[cst.Arg]:
    """Return SQL and parameters by position, whatever way they were given."""
    if any(arg.star for arg in call.args) or not 1 <= len(call.args) <= 2:
        raise Untranslatable("execute with arguments that cannot be told apart")
    for arg, name in zip(call.args, names, strict=False):
        if arg.keyword is not None and arg.keyword.value not in (name, "args", "operation"):
            raise Untranslatable(f"execute with {arg.keyword.value}=")
    return [arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for arg in call.args]


def literal(node: cst.BaseExpression) -> tuple[cst.BaseExpression | None, list[str | None]]:
    """Return SQL that stands in the source, with numbers; None when it is made at run time."""
    tokens: list[cst.SimpleString] = []
    waiting: list[cst.BaseExpression] = [node]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, cst.ConcatenatedString):
            waiting[:0] = [item.left, item.right]
        elif isinstance(item, cst.SimpleString) and "b" not in item.prefix:
            tokens.append(item)
        else:
            return None, []
    texts, order = numbered([token.value for token in tokens])
    made: cst.BaseExpression = node
    for token, text in zip(tokens, texts, strict=True):
        if text != token.value:
            made = replaced(made, token, token.with_changes(value=text))
    return made, order


def columns(
    node: cst.BaseExpression, template: cst.BaseExpression | None = None
) -> tuple[cst.BaseExpression | None, list[str | None]]:
    """Return ``insert into t (a, b) values %s`` with as many numbers as it names columns."""
    if not isinstance(node, cst.SimpleString):
        return None, []
    head, mark, tail = node.value.rpartition("%s")
    names = head.lower().rpartition("values")[0].rpartition("(")[2].rpartition(")")[0]
    if not mark or "%" in head + tail:
        raise Untranslatable("execute_values with other places than that of its rows")
    if template is not None:
        if not isinstance(template, cst.SimpleString):
            raise Untranslatable("execute_values with a template that is made at run time")
        (text,), order = numbered([str(template.evaluated_value)])
        return node.with_changes(value=f"{head}{text}{tail}"), order
    if not names:
        raise Untranslatable("execute_values without a list of columns")
    count = names.count(",") + 1
    numbers = ", ".join(f"${n}" for n in range(1, count + 1))
    return node.with_changes(value=f"{head}({numbers}){tail}"), [None] * count


def values(node: cst.BaseExpression, order: list[str | None]) -> list[cst.Arg] | None:
    """Return the parameters one by one, in the order of the numbers; None: at run time."""
    by_name = bool(order) and order[0] is not None
    if isinstance(node, cst.Dict) and by_name:
        return _named(node, order)
    if by_name:
        if not isinstance(node, cst.Name | cst.Attribute):
            return None
        return [cst.Arg(cst.parse_expression(f'{code_of(node)}["{n}"]')) for n in order]
    if isinstance(node, cst.Tuple | cst.List):
        if len(node.elements) != len(order) and not any(
            isinstance(item, cst.StarredElement) for item in node.elements
        ):
            raise Untranslatable(f"{len(order)} places in the SQL, {len(node.elements)} values")
        return [
            cst.Arg(
                _plain(item.value),
                star="*" if isinstance(item, cst.StarredElement) else "",
                comma=item.comma,
            )
            for item in node.elements
        ]
    if isinstance(node, cst.Dict):
        raise Untranslatable("SQL with %s and a dict")
    return [cst.Arg(node, star="*")]


def _named(node: cst.Dict, order: list[str | None]) -> list[cst.Arg] | None:
    known: dict[str, cst.BaseExpression] = {}
    for item in node.elements:
        if not isinstance(item, cst.DictElement) or not isinstance(item.key, cst.SimpleString):
            return None
        known[str(item.key.evaluated_value)] = item.value
    if not {name for name in order if name} <= known.keys():
        raise Untranslatable("a name in the SQL has no value")
    return [cst.Arg(_plain(known[str(name)])) for name in order]


def _plain(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return what ``Json(…)`` holds: the connection's codec turns it into JSON."""
    if isinstance(node, cst.Call) and last_name(node.func) == "Json" and len(node.args) == 1:
        return node.args[0].value
    return node


def with_commas(arguments: list[cst.Arg], call: cst.Call) -> list[cst.Arg]:
    """Return arguments laid out like those of the call that was there."""
    between = call.args[0].comma if len(call.args) > 1 else COMMA
    between = between if isinstance(between, cst.Comma) else COMMA
    made = []
    for arg in arguments[:-1]:
        kept = isinstance(arg.comma, cst.Comma) and arg is not arguments[0]
        made.append(arg if kept else arg.with_changes(comma=between))
    return [*made, arguments[-1].with_changes(comma=call.args[-1].comma)]
