"""What loads itself when it is read, which an async session cannot do: listed, place by place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from ai_catalyst.check.facts import Event, Expr
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.migrate.boundaries import all_functions, bare, last_of
from ai_catalyst.check.program import ClassId, FunctionId, Program

__all__ = ["Relations", "lazy_reads", "relations"]

Place = tuple[str, int, str]

_RELATIONS = ("sqlalchemy.orm.relationship", "sqlmodel.Relationship")
_EAGER = ("selectin", "joined", "subquery", "immediate", "raise", "raise_on_sql", "noload")
_LOADERS = ("selectinload", "joinedload", "subqueryload", "contains_eager", "immediateload")
_MOST_CALLS = 3


@dataclass(slots=True)
class Relations:
    """The relationships of a program's models: who has which, and which load by themselves."""

    lazy: dict[str, set[ClassId]] = field(default_factory=dict)
    dynamic: list[ClassId] = field(default_factory=list)
    joined: bool = False
    models: set[ClassId] = field(default_factory=set)


def relations(program: Program, infer: Inference, sources: dict[str, bytes]) -> Relations:
    """Return the relationships that are loaded when they are read."""
    found = Relations()
    for number, module in enumerate(program.modules):
        source = sources[module.path]
        said = _said(source) if b"elationship" in source else {}
        for index, cls in enumerate(module.facts.classes):
            cid = (number, index)
            if "__tablename__" in cls.attrs or "__table__" in cls.attrs:
                found.models.add(cid)
            for name, bound in cls.attrs.items():
                for scope, kind, expr in bound:
                    if kind == "v" and _is_relation(expr, (number, scope), infer):
                        found.models.add(cid)
                        _add(found, name, cid, said.get(expr[4], {}))
    return found


def _is_relation(expr: Expr, fid: FunctionId, infer: Inference) -> bool:
    return (
        bool(expr)
        and expr[0] == "c"
        and any(value[0] == "x" and value[1] in _RELATIONS for value in infer.of(expr[1], fid))
    )


def _said(source: bytes) -> dict[int, dict[str, str]]:
    """Return what each call says by keyword, by its line: ``lazy`` and ``backref``, as text."""
    found: dict[int, dict[str, str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for word in node.keywords:
                inner = word.value
                if word.arg == "backref" and isinstance(inner, ast.Call):
                    how = next((w.value for w in inner.keywords if w.arg == "lazy"), None)
                    found.setdefault(node.lineno, {})["back_lazy"] = _text(how)
                    inner = inner.args[0] if inner.args else inner
                if word.arg in ("lazy", "backref"):
                    found.setdefault(node.lineno, {})[word.arg] = _text(inner)
    return found


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _add(found: Relations, name: str, cid: ClassId, said: dict[str, str]) -> None:
    how = said.get("lazy", "")
    found.joined = found.joined or "joined" in (how, said.get("back_lazy"))
    if how == "dynamic":
        found.dynamic.append(cid)
    if how not in _EAGER:
        found.lazy.setdefault(name, set()).add(cid)
    back = said.get("backref", "")
    if back and said.get("back_lazy") not in _EAGER:
        found.lazy.setdefault(back, set())


def lazy_reads(
    program: Program, infer: Inference, found: Relations, sources: dict[str, bytes]
) -> Iterator[Place]:
    """Return each place that reads a relationship which nobody has loaded, and what to do."""
    for cid in found.dynamic:
        why = "a dynamic relationship is a query: say write_only"
        yield program.modules[cid[0]].path, program.cls(cid).line, why
    if not found.lazy:
        return
    loads = {fid: set(_loaded(program, fid)) for fid in all_functions(program)}
    for fid in all_functions(program):
        path = program.modules[fid[0]].path
        for event in program.function(fid).events:
            name = event.expr[2] if event.kind == "p" else ""
            if name not in found.lazy or not _is_read(event, fid, infer, found, name):
                continue
            if name not in _reachable(fid, program, infer, loads):
                how = f"options(selectinload({_owner(program, found, name)})) in the query"
                yield path, event.line, f".{name} loads itself when it is read: {how}"
    yield from _schemas(program, infer, found, sources)


def _owner(program: Program, found: Relations, name: str) -> str:
    owners = sorted(bare(program.cls(cid).name) for cid in found.lazy[name])
    return f"{owners[0] if owners else '…'}.{name}"


def _is_read(event: Event, fid: FunctionId, infer: Inference, found: Relations, name: str) -> bool:
    values = infer.of(event.expr[1], fid)
    if not values:
        return True
    for value in values:
        if value[0] == "i":
            owners = found.lazy[name]
            if not owners or owners & {value[1], *infer.mro(value[1])[0]}:
                return True
        elif value[0] == "x" and str(value[1]).startswith("sqlalchemy."):
            return not str(value[1]).startswith("sqlalchemy.orm.relationship")
    return False


def _loaded(program: Program, fid: FunctionId) -> Iterator[str]:
    for event in program.function(fid).events:
        if event.kind == "c" and last_of(event.expr[1]) in _LOADERS:
            for expr in event.expr[2]:
                yield last_of(expr)


def _reachable(
    fid: FunctionId, program: Program, infer: Inference, loads: dict[FunctionId, set[str]]
) -> set[str]:
    """Return the relationships that a function, or one it calls, asks to be loaded."""
    seen = {fid}
    edge = [fid]
    for _ in range(_MOST_CALLS):
        called = {
            value[1]
            for caller in edge
            for event in program.function(caller).events
            if event.kind == "c"
            for value in infer.of(event.expr[1], caller)
            if value[0] in ("f", "b")
        }
        edge = [other for other in called if other not in seen]
        seen.update(edge)
    return {name for other in seen for name in loads[other]}


def _schemas(
    program: Program, infer: Inference, found: Relations, sources: dict[str, bytes]
) -> Iterator[Place]:
    """Return the fields of response models that read a relationship."""
    loaded = {name for fid in all_functions(program) for name in _loaded(program, fid)}
    for number, module in enumerate(program.modules):
        source = sources[module.path]
        if b"from_attributes" not in source and b"orm_mode" not in source:
            continue
        for index, cls in enumerate(module.facts.classes):
            theirs = infer.mro((number, index))[1]
            if not any(path.startswith("pydantic.") for path in theirs):
                continue
            for name in cls.attrs.keys() & found.lazy.keys() - loaded:
                owner = _owner(program, found, name)
                why = f"it reads a relationship: selectinload({owner}) or lazy='selectin' for it"
                yield module.path, cls.line, f"{cls.name}.{name}: {why}"
