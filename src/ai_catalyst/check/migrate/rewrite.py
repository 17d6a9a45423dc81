"""Change one file's calls and functions as planned; comments and layout stay as they are.

The actions of a call: ``await`` it; hand it to a ``thread``; ``run`` a loop for it; ``with`` it
asynchronously; or put another in its place (``sleep``, ``http``, ``session``, ``aclose``,
``database``, ``program``, ``popen``, ``urlopen``, ``urlretrieve``).
"""

# ruff: noqa: N802 - methods are named after the nodes they change

from __future__ import annotations

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from ai_catalyst.check.migrate.alchemy import AlchemyMove, in_async, modernised
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.cursors import translated
from ai_catalyst.check.migrate.drivers import Driver, connection_call
from ai_catalyst.check.migrate.imports import with_imports
from ai_catalyst.check.migrate.nodes import COMMA, awaited, code_of, last_name, shape, split_with
from ai_catalyst.check.migrate.plan import Plan
from ai_catalyst.check.migrate.renamed import renamed, with_async_cases

__all__ = ["rewrite"]

_HELPED = {
    "popen": ("_Process", "_popen"),
    "popen with": ("_Process", "_popen"),
    "urlopen": ("_urlopen", "_urlopen"),
    "urlretrieve": ("_urlretrieve", "_urlretrieve"),
}
"""Actions that put the call of a helper in the place of a call: what defines it, its name."""

_OF_CASES = {"setUp": "asyncSetUp", "tearDown": "asyncTearDown"}


def rewrite(source: str, path: str, plan: Plan) -> str:
    """Return the file's new source; the same when the plan has nothing for it.

    Raises `ValueError` when what came out would not parse.
    """
    uses_library = any(driver.name in source for driver in plan.drivers) or (
        plan.http and "requests" in source
    )
    if (plan.alchemy is not None and "testclient" in source) or (
        plan.cases and "TestCase" in source
    ):
        uses_library = True
    planned = plan.calls.get(path) or plan.functions.get(path)
    if not planned and not uses_library and not (plan.redis and "redis" in source):
        return source
    module = cst.parse_module(source)
    context = CodemodContext()
    change = _Change(context, plan, path)
    changed = MetadataWrapper(module, unsafe_skip_copy=True).visit(change)
    changed = renamed(changed, plan, change.needed)
    if plan.cases and "TestCase" in source:
        changed = with_async_cases(changed, change.needed)
    if plan.alchemy is not None and ("sqlalchemy" in source or "testclient" in source):
        changed = _with_async_engines(changed, plan.alchemy, path, change)
    if changed.code == source:
        return source
    changed = with_imports(changed, context, change.needed, change.helpers, change.unused)
    code = changed.code
    compile(code, path, "exec", dont_inherit=True)
    return code


def _with_async_engines(
    module: cst.Module, move: AlchemyMove, path: str, change: _Change
) -> cst.Module:
    module, modern = modernised(module, move.engines, move.tables.get(path, frozenset()))
    change.needed |= modern.needed
    change.unused |= modern.unused
    change.helpers.update(dict.fromkeys(sorted(modern.helpers)))
    return module


class _Change(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, context: CodemodContext, plan: Plan, path: str) -> None:
        super().__init__()
        self.calls = plan.calls.get(path, {})
        self.functions = plan.functions.get(path, set())
        self.fixtures = plan.fixtures.get(path, set())
        self.tests = plan.tests.get(path, set())
        self.cases = plan.cases.get(path, set())
        self.held = plan.held.get(path, {})
        self.redis = plan.redis
        # an engine keeps its connections, and each of them belongs to one loop
        self.scope = '(loop_scope="session")' if plan.alchemy is not None else ""
        self.needed: set[str] = set()
        self.unused: set[tuple[str, str]] = set()
        self.helpers: dict[str, None] = {}

    # --- functions

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        line = self.get_metadata(PositionProvider, original_node.name).start.line
        where = (line, original_node.name.value)
        for held in self.held.get(where, ()):
            if isinstance(held, Sessions):
                updated_node, needed = in_async(updated_node, held)
                self.needed |= needed
                continue
            updated_node, helpers = translated(updated_node, held)
            self.helpers.update(dict.fromkeys(sorted(helpers)))
        if where not in self.functions or original_node.asynchronous:
            return updated_node
        updated_node = updated_node.with_changes(asynchronous=cst.Asynchronous())
        decorators = [self._async_context(d) for d in updated_node.decorators]
        if line in self.cases and where[1] in _OF_CASES:
            updated_node = updated_node.with_changes(name=cst.Name(_OF_CASES[where[1]]))
        if line in self.tests:
            self.needed.add("pytest")
            mark = cst.Decorator(cst.parse_expression(f"pytest.mark.asyncio{self.scope}"))
            decorators = [mark, *decorators]
        elif line in self.fixtures:
            self.needed.add("pytest_asyncio")
            decorators = [_async_fixture(d, self.scope) for d in decorators]
        return _yielding(updated_node.with_changes(decorators=decorators))

    def _async_context(self, decorator: cst.Decorator) -> cst.Decorator:
        node = decorator.decorator
        if last_name(node) != "contextmanager":
            return decorator
        new: cst.BaseExpression = cst.Name("asynccontextmanager")
        if isinstance(node, cst.Attribute):
            new = node.with_changes(attr=new)
        else:
            self.needed.add("contextlib.asynccontextmanager")
        return decorator.with_changes(decorator=new)

    # --- with

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> cst.With:
        later = [self._is_later(item.item) for item in original_node.items]
        if not any(later) or updated_node.asynchronous:
            return updated_node
        return split_with(updated_node, later)

    def _is_later(self, node: cst.BaseExpression) -> bool:
        planned = self._planned(node) if isinstance(node, cst.Call) else None
        return planned is not None and planned.endswith("with")

    def _planned(self, call: cst.Call) -> str | None:
        line = self.get_metadata(PositionProvider, call.func).end.line
        planned = self.calls.get((line, shape(call.func)))
        return planned.action if planned else None

    # --- calls

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        line = self.get_metadata(PositionProvider, original_node.func).end.line
        planned = self.calls.get((line, shape(original_node.func)))
        parent = self.get_metadata(ParentNodeProvider, original_node)
        if planned is None or isinstance(parent, cst.Await):
            return updated_node
        action = planned.action
        if action == "database" and planned.driver is not None:
            return self._connected(updated_node, planned.driver)
        if action in ("session", "session with"):
            return self._session()
        if action == "with":
            return updated_node
        if action == "run":
            self.needed.add("asyncio")
            return cst.Call(cst.parse_expression("asyncio.run"), [cst.Arg(updated_node)])
        if action in _HELPED:
            helper, func = _HELPED[action]
            self.helpers[helper] = None
            return awaited(updated_node.with_changes(func=cst.Name(func)), parent, original_node)
        if action.startswith("program"):
            return self._program(action, updated_node, parent, original_node)
        return awaited(self._called(action, updated_node), parent, original_node)

    def _connected(self, call: cst.Call, driver: Driver) -> cst.Call:
        self.helpers[driver.helper] = None
        return connection_call(call, driver)

    def _session(self) -> cst.BaseExpression:
        self.needed.add("httpx")
        return cst.parse_expression("httpx.AsyncClient(follow_redirects=True, timeout=30)")

    def _program(
        self, action: str, call: cst.Call, parent: cst.CSTNode, original: cst.Call
    ) -> cst.BaseExpression:
        self.helpers["_run"] = None
        more = {
            "program output": "stdout=subprocess.PIPE, check=True",
            "program checked": "check=True",
        }.get(action)
        arguments = list(call.args)
        if more:
            extra = cst.ensure_type(cst.parse_expression(f"f({more})"), cst.Call).args
            arguments = [arguments[0].with_changes(comma=COMMA), *extra, *arguments[1:]]
            arguments = [
                arg.with_changes(comma=COMMA) if index < len(arguments) - 1 else arg
                for index, arg in enumerate(arguments)
            ]
        made = call.with_changes(func=cst.Name("_run"), args=arguments)
        if action == "program":
            return awaited(made, parent, original)
        part = "stdout" if action == "program output" else "returncode"
        return cst.parse_expression(f"(await {code_of(made)}).{part}")

    def _called(self, action: str, call: cst.Call) -> cst.Call:
        if action == "await" and shape(call.func) in ("super().setUp", "super().tearDown"):
            name = cst.Name(_OF_CASES[last_name(call.func)])
            func = cst.ensure_type(call.func, cst.Attribute).with_changes(attr=name)
            return call.with_changes(func=func)
        if action == "await":
            return _redirecting(call)
        if action == "aclose":
            func = cst.ensure_type(call.func, cst.Attribute)
            return call.with_changes(func=func.with_changes(attr=cst.Name("aclose")))
        if action.startswith("http "):
            self.helpers["_http"] = None
            verb = action.removeprefix("http ")
            method = (
                []
                if verb == "request"
                else [cst.Arg(cst.SimpleString(f'"{verb.upper()}"'), comma=COMMA)]
            )
            return _redirecting(
                call.with_changes(func=cst.Name("_http"), args=[*method, *call.args])
            )
        self.needed.add("asyncio")
        if action == "sleep":
            return call.with_changes(func=cst.parse_expression("asyncio.sleep"))
        first = cst.Arg(call.func, comma=COMMA if call.args else cst.MaybeSentinel.DEFAULT)
        return call.with_changes(
            func=cst.parse_expression("asyncio.to_thread"), args=[first, *call.args]
        )

    # --- redis

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


def _redirecting(call: cst.Call) -> cst.Call:
    """``allow_redirects`` of requests is ``follow_redirects`` of httpx."""
    arguments = [
        arg.with_changes(keyword=cst.Name("follow_redirects"))
        if arg.keyword is not None and arg.keyword.value == "allow_redirects"
        else arg
        for arg in call.args
    ]
    return call.with_changes(args=arguments)


def _yielding(function: cst.FunctionDef) -> cst.FunctionDef:
    """An async generator's annotation says so."""
    if function.returns is None:
        return function
    text = code_of(function.returns.annotation)
    for name in ("Iterator", "Generator", "Iterable"):
        if text.startswith(f"{name}[") and _has_yield(function):
            # the name may not be imported: a string is never evaluated
            inner = text.partition("[")[2].rstrip("]").split(",")[0]
            made = cst.SimpleString(repr(f"AsyncIterator[{inner}]"))
            return function.with_changes(returns=function.returns.with_changes(annotation=made))
    return function


def _has_yield(function: cst.FunctionDef) -> bool:
    from ai_catalyst.check.migrate.nodes import walk

    return any(isinstance(node, cst.Yield) for node in walk(function))


def _async_fixture(decorator: cst.Decorator, scope: str) -> cst.Decorator:
    node = decorator.decorator
    if last_name(node.func if isinstance(node, cst.Call) else node) != "fixture":
        return decorator
    made = cst.parse_expression(f"pytest_asyncio.fixture{scope}")
    if not isinstance(node, cst.Call) or not node.args:
        return decorator.with_changes(decorator=made)
    if not isinstance(made, cst.Call):
        return decorator.with_changes(decorator=node.with_changes(func=made))
    last = node.args[-1].with_changes(comma=COMMA)
    args = [*node.args[:-1], last, made.args[0].with_changes(comma=node.args[-1].comma)]
    return decorator.with_changes(decorator=node.with_changes(func=made.func, args=args))
