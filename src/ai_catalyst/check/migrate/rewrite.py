"""Change one file's calls and functions as planned; comments and layout stay as they are."""

# ruff: noqa: N802 - methods are named after the nodes they change

from __future__ import annotations

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor, RemoveImportsVisitor
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from ai_catalyst.check.migrate.plan import Plan

__all__ = ["rewrite"]

_HTTP = """
async def _http(method, url, **options):
    async with httpx.AsyncClient(follow_redirects=True) as client:
        return await client.request(method, url, **options)
"""


def rewrite(source: str, path: str, plan: Plan) -> str:
    """Return the file's new source; the same when the plan has nothing for it.

    Raises `ValueError` when what came out would not parse.
    """
    calls = plan.calls.get(path, {})
    functions = plan.functions.get(path, set())
    redis = plan.redis and "redis" in source
    if not calls and not functions and not redis:
        return source
    module = cst.parse_module(source)
    context = CodemodContext()
    change = _Change(context, plan, path)
    changed = MetadataWrapper(module, unsafe_skip_copy=True).visit(change)
    if change.needed:
        for name in change.needed:
            AddImportsVisitor.add_needed_import(context, name)
        changed = AddImportsVisitor(context).transform_module(changed)
    if any(call.action in ("sleep", "http") for call in calls.values()):
        for unused, part in (("time", None), ("requests", None), ("time", "sleep")):
            RemoveImportsVisitor.remove_unused_import(context, unused, part)
        changed = RemoveImportsVisitor(context).transform_module(changed)
    if change.http and "async def _http(" not in source:
        changed = _with_http(changed)
    code = changed.code
    compile(code, path, "exec", dont_inherit=True)
    return code


def _with_http(module: cst.Module) -> cst.Module:
    """Put the one-request helper below the imports."""
    body = list(module.body)
    last = max(
        (
            i
            for i, s in enumerate(body)
            if isinstance(s, cst.SimpleStatementLine)
            and isinstance(s.body[0], cst.Import | cst.ImportFrom)
        ),
        default=-1,
    )
    helper = (
        cst.parse_module(_HTTP)
        .body[0]
        .with_changes(leading_lines=[cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)])
    )
    return module.with_changes(body=[*body[: last + 1], helper, *body[last + 1 :]])


class _Change(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, context: CodemodContext, plan: Plan, path: str) -> None:
        super().__init__()
        self.calls = plan.calls.get(path, {})
        self.functions = plan.functions.get(path, set())
        self.fixtures = plan.fixtures.get(path, set())
        self.tests = plan.tests.get(path, set())
        self.redis = plan.redis
        self.needed: set[str] = set()
        self.http = False

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        line = self.get_metadata(PositionProvider, original_node.name).start.line
        if (line, original_node.name.value) not in self.functions or original_node.asynchronous:
            return updated_node
        updated_node = updated_node.with_changes(asynchronous=cst.Asynchronous())
        if line in self.tests:
            self.needed.add("pytest")
            mark = cst.Decorator(cst.parse_expression("pytest.mark.asyncio"))
            return updated_node.with_changes(decorators=[mark, *updated_node.decorators])
        if line in self.fixtures:
            self.needed.add("pytest_asyncio")
            return updated_node.with_changes(
                decorators=[_async_fixture(d) for d in updated_node.decorators]
            )
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        line = self.get_metadata(PositionProvider, original_node.func).end.line
        planned = self.calls.get((line, _shape(original_node.func)))
        parent = self.get_metadata(ParentNodeProvider, original_node)
        if planned is None or isinstance(parent, cst.Await):
            return updated_node
        if planned.action == "run":
            self.needed.add("asyncio")
            return cst.Call(cst.parse_expression("asyncio.run"), [cst.Arg(updated_node)])
        return _awaited(self._called(planned.action, updated_node), parent, original_node)

    def _called(self, action: str, call: cst.Call) -> cst.Call:
        if action == "await":
            return call
        if action == "http":
            self.needed.add("httpx")
            self.http = True
            method = cst.Arg(cst.SimpleString(f'"{_last(call.func).upper()}"'), comma=_COMMA)
            return call.with_changes(func=cst.Name("_http"), args=[method, *call.args])
        self.needed.add("asyncio")
        if action == "sleep":
            return call.with_changes(func=cst.parse_expression("asyncio.sleep"))
        first = cst.Arg(call.func, comma=_COMMA if call.args else cst.MaybeSentinel.DEFAULT)
        return call.with_changes(
            func=cst.parse_expression("asyncio.to_thread"), args=[first, *call.args]
        )

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        names = [self._async_redis(alias) for alias in updated_node.names]
        return updated_node.with_changes(names=names)

    def _async_redis(self, alias: cst.ImportAlias) -> cst.ImportAlias:
        if not self.redis or not isinstance(alias.name, cst.Name) or alias.name.value != "redis":
            return alias
        known = alias.asname or cst.AsName(cst.Name("redis"))
        return alias.with_changes(name=cst.parse_expression("redis.asyncio"), asname=known)

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        module = updated_node.module
        if (
            self.redis
            and isinstance(module, cst.Name)
            and module.value == "redis"
            and not updated_node.relative
        ):
            return updated_node.with_changes(module=cst.parse_expression("redis.asyncio"))
        return updated_node


_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _awaited(call: cst.Call, parent: cst.CSTNode, original: cst.Call) -> cst.BaseExpression:
    awaited = cst.Await(call)
    is_base = (
        (isinstance(parent, cst.Attribute) and parent.value is original)
        or (isinstance(parent, cst.Subscript) and parent.value is original)
        or (isinstance(parent, cst.Call) and parent.func is original)
        or (isinstance(parent, cst.BinaryOperation) and isinstance(parent.operator, cst.Power))
    )
    if is_base:
        return awaited.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return awaited


def _async_fixture(decorator: cst.Decorator) -> cst.Decorator:
    node = decorator.decorator
    fixture = cst.parse_expression("pytest_asyncio.fixture")
    if isinstance(node, cst.Call) and _last(node.func) == "fixture":
        return decorator.with_changes(decorator=node.with_changes(func=fixture))
    return decorator.with_changes(decorator=fixture) if _last(node) == "fixture" else decorator


def _last(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _shape(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_shape(node.value)}.{node.attr.value}"
    if isinstance(node, cst.Call):
        return f"{_shape(node.func)}()"
    if isinstance(node, cst.Subscript):
        return f"{_shape(node.value)}[]"
    return node.value if isinstance(node, cst.Name) else ""
