"""Engines, session factories and their types in one file, under their async names."""

# ruff: noqa: N802 - methods are named after the nodes they change

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from ai_catalyst.check.migrate.names import dotted_name, imported_names
from ai_catalyst.check.migrate.nodes import COMMA, code_of, last_name, shape, walk
from ai_catalyst.check.migrate.placeholders import Untranslatable

__all__ = ["Modern", "async_url", "modernised"]

_EXT = "sqlalchemy.ext.asyncio"
_HOMES = (
    *("sqlalchemy.", "sqlalchemy.orm.", "sqlalchemy.orm.session.", "sqlalchemy.orm.scoping."),
    *("sqlalchemy.engine.", "sqlalchemy.engine.base.", "sqlalchemy.engine.create."),
)
_NAMES = {
    "Session": "AsyncSession",
    "Engine": "AsyncEngine",
    "Connection": "AsyncConnection",
    "sessionmaker": "async_sessionmaker",
    "scoped_session": "async_scoped_session",
    "create_engine": "create_async_engine",
}
RENAMED = {home + old: new for old, new in _NAMES.items() for home in _HOMES}
"""What a name of SQLAlchemy is called in its async part."""

TEST_CLIENTS = ("fastapi.testclient.TestClient", "starlette.testclient.TestClient")
"""Clients that run an app in a loop of their own: its sessions could not be shared with a test."""

RENAMED |= dict.fromkeys(TEST_CLIENTS, "AsyncClient")

_OPTIONS = frozenset(
    {
        *("echo", "echo_pool", "future", "pool_size", "max_overflow", "pool_pre_ping"),
        *("pool_recycle", "pool_timeout", "poolclass", "isolation_level", "json_serializer"),
        *("json_deserializer", "connect_args", "pool_use_lifo", "logging_name", "hide_parameters"),
        *(
            "insertmanyvalues_page_size",
            "execution_options",
            "query_cache_size",
            "pool_logging_name",
        ),
    }
)
_POOLS = {"QueuePool": "AsyncAdaptedQueuePool", "StaticPool": "StaticPool", "NullPool": "NullPool"}
_DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
    "mariadb": "mariadb+aiomysql",
    "sqlite": "sqlite+aiosqlite",
}
_SCHEME = re.compile(r"^(?P<lead>[rRuUfFbB]*(?:\"\"\"|'''|[\"'])?)(?P<name>\w+)(?:\+\w+)?(?=:)")
_EVENTS = ("listens_for", "listen")
_LISTENED = frozenset({"Engine", "Pool", "Mapper"})


@dataclass(slots=True)
class Modern:
    """What a file's engines need: names to import, helpers, imports that are left over."""

    needed: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    unused: set[tuple[str, str]] = field(default_factory=set)


def async_url(text: str) -> str:
    """Return a URL's source text (with its quotes) with the async driver of its database.

    Raises `Untranslatable` for a database or an option that has none.
    """
    found = _SCHEME.match(text)
    driver = _DRIVERS.get(found["name"]) if found else None
    if found is None or driver is None:
        raise Untranslatable("a database URL without a known async driver")
    rest = text[found.end() :]
    if driver.startswith("postgresql") and "?" in rest:
        rest = rest.replace("sslmode=", "ssl=")
        names = set(re.findall(r"[?&](\w+)=", rest))
        if names - {"ssl"}:
            raise Untranslatable(f"the URL's option {min(names - {'ssl'})} is psycopg2's")
    return f"{found['lead']}{driver}{rest}"


def modernised(
    module: cst.Module, engines: frozenset[str], tables: frozenset[tuple[str, str]]
) -> tuple[cst.Module, Modern]:
    """Return a file with async engines and factories, and what it needs for them.

    ``engines`` are the last names of engines anywhere, ``tables`` the calls of ``create_all`` in
    the module's own code and the engine of each. Raises `Untranslatable` with the reason.
    """
    names = imported_names(module)
    work = _Modernising(module, names, engines, tables)
    made = module.visit(work)
    return made, work.found


class _Modernising(cst.CSTTransformer):
    def __init__(
        self,
        module: cst.Module,
        names: dict[str, str],
        engines: frozenset[str],
        tables: frozenset[tuple[str, str]],
    ) -> None:
        super().__init__()
        self.names, self.engines, self.tables = names, engines, tables
        self.found = Modern()
        self.constants = _constants(module)
        self.urls = set(_urls(module, names)) & self.constants.keys()
        self.depth = 0

    # --- what is left alone

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return dotted_name(node, self.names) not in RENAMED

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.depth += 1
        return True

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self.depth -= 1
        return updated_node

    # --- names

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._renamed(updated_node)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return self._renamed(updated_node)

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        return updated_node.with_changes(name=original_node.name)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_AssignTarget(
        self, original_node: cst.AssignTarget, updated_node: cst.AssignTarget
    ) -> cst.AssignTarget:
        return original_node if isinstance(original_node.target, cst.Name) else updated_node

    def _renamed(self, node: cst.Name | cst.Attribute) -> cst.BaseExpression:
        dotted = dotted_name(node, self.names)
        new = RENAMED.get(dotted)
        if new is None:
            return node
        home, _, item = dotted.rpartition(".")
        if isinstance(node, cst.Name) and node.value == item:
            self.found.unused.add((home, item))
        self.found.needed.add(f"{_EXT}.{new}" if new != "AsyncClient" else "httpx.AsyncClient")
        return cst.Name(new, lpar=node.lpar, rpar=node.rpar)

    # --- calls

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        dotted = dotted_name(original_node.func, self.names)
        new = RENAMED.get(dotted)
        if new == "create_async_engine":
            return self._engine(updated_node)
        if new in ("async_sessionmaker", "AsyncSession"):
            return self._unexpiring(updated_node)
        if new == "async_scoped_session":
            return self._scoped(updated_node)
        if new == "AsyncClient":
            return self._client(updated_node)
        if last_name(original_node.func) in _EVENTS and dotted.startswith("sqlalchemy.event."):
            return self._listening(original_node, updated_node)
        return updated_node

    def _unexpiring(self, call: cst.Call) -> cst.Call:
        """What a commit expires would load itself when it is read: it does not expire."""
        kept = [arg for arg in call.args if _keyword(arg) not in ("expire_on_commit", "future")]
        return _with_more(call, kept, "expire_on_commit=False")

    def _scoped(self, call: cst.Call) -> cst.Call:
        if len(call.args) > 1:
            raise Untranslatable("a scoped session with a scope of its own")
        self.found.needed.add("asyncio")
        return _with_more(call, list(call.args), "scopefunc=asyncio.current_task")

    def _client(self, call: cst.Call) -> cst.Call:
        """A client on the loop of its test, with what TestClient does by itself."""
        options = {_keyword(arg): code_of(arg.value) for arg in call.args}
        app = options.pop("", None) or options.pop("app", None)
        raises = options.pop("raise_server_exceptions", "True")
        known = {"base_url", "headers", "cookies", "follow_redirects"}
        if app is None or options.keys() - known or len(options) + 2 < len(call.args):
            raise Untranslatable("TestClient with options that httpx has not")
        self.found.needed.add("httpx.ASGITransport")
        inner = f"app={app}" + (f", raise_app_exceptions={raises}" if raises != "True" else "")
        options.setdefault("base_url", '"http://testserver"')
        options.setdefault("follow_redirects", "True")
        more = ", ".join(f"{name}={value}" for name, value in options.items())
        made = cst.parse_expression(f"AsyncClient(transport=ASGITransport({inner}), {more})")
        return cst.ensure_type(made, cst.Call)

    def _engine(self, call: cst.Call) -> cst.Call:
        args = list(call.args)
        if not args or args[0].star or _keyword(args[0]) not in ("", "url"):
            raise Untranslatable("an engine without a URL in the first place")
        for arg in args[1:]:
            if _keyword(arg) not in _OPTIONS:
                raise Untranslatable(f"create_engine with {_keyword(arg) or 'unnamed options'}")
        url = self._url(args[0].value)
        args = [args[0].with_changes(value=url), *map(self._option, args[1:])]
        known = code_of(self.constants.get(shape(url), url))
        if any(_keyword(arg) == "connect_args" for arg in args) and "sqlite" not in known:
            raise Untranslatable("connect_args are the driver's own: say them for the async one")
        return call.with_changes(args=args)

    def _option(self, arg: cst.Arg) -> cst.Arg:
        if _keyword(arg) != "poolclass":
            return arg
        new = _POOLS.get(last_name(arg.value))
        if new is None:
            raise Untranslatable(f"the pool {code_of(arg.value)} is not for async engines")
        if new != last_name(arg.value):
            self.found.needed.add(f"sqlalchemy.pool.{new}")
            return arg.with_changes(value=cst.Name(new))
        return arg

    def _url(self, node: cst.BaseExpression) -> cst.BaseExpression:
        literal = _literal(node)
        if literal is not None:
            return literal
        if isinstance(node, cst.Name) and node.value in self.urls:
            return node
        self.found.helpers.add("_async_url")
        return cst.Call(cst.Name("_async_url"), [cst.Arg(node.with_changes(lpar=[], rpar=[]))])

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        names = [shape(target.target) for target in original_node.targets]
        if self.depth or len(names) != 1 or names[0] not in self.urls:
            return updated_node
        made = _literal(updated_node.value)
        return updated_node if made is None else updated_node.with_changes(value=made)

    def _listening(self, before: cst.Call, after: cst.Call) -> cst.Call:
        """Events are those of the sync engine inside the async one."""
        subject = before.args[0].value if before.args else None
        if subject is None:
            return after
        name = last_name(subject)
        if name in _LISTENED:
            return after.with_changes(args=before.args)
        dotted = dotted_name(subject, self.names)
        if dotted in RENAMED:
            raise Untranslatable("an event of sessions or connections")
        if name in self.engines:
            first = before.args[0].with_changes(
                value=cst.Attribute(subject, cst.Name("sync_engine"))
            )
            return after.with_changes(args=[first, *after.args[1:]])
        return after

    # --- what the database fills in

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        """A value that an update leaves to the database would load itself when it is read."""
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock) or not _leaves_updates(original_node):
            return updated_node
        if any(isinstance(n, cst.Name) and n.value == "__mapper_args__" for n in walk(body)):
            return updated_node
        line = cst.parse_statement('__mapper_args__ = {"eager_defaults": True}')
        names = [i for i, item in enumerate(body.body) if "__tablename__" in code_of(item)]
        place = names[0] + 1 if names else len(body.body)
        made = [*body.body[:place], line, *body.body[place:]]
        return updated_node.with_changes(body=body.with_changes(body=made))

    # --- tables made as the module is imported

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine:
        small = updated_node.body[0] if len(updated_node.body) == 1 else None
        call = small.value if isinstance(small, cst.Expr) else None
        if self.depth or not isinstance(call, cst.Call):
            return updated_node
        bind = next((b for b in call.args if _keyword(b) in ("", "bind")), None)
        if bind is None or (shape(call.func), shape(bind.value)) not in self.tables:
            return updated_node
        if len(call.args) > 1:
            raise Untranslatable("create_all with options, in a module's own code")
        self.found.helpers.add("_at_import")
        text = f"_at_import({code_of(bind.value)}, {code_of(call.func)})"
        return updated_node.with_changes(body=[cst.Expr(cst.parse_expression(text))])


def _leaves_updates(node: cst.ClassDef) -> bool:
    """Tell whether a column says ``onupdate=func.…()`` or ``server_onupdate=``."""
    return any(
        _keyword(inner) == "server_onupdate"
        or (_keyword(inner) == "onupdate" and re.search(r"\bfunc\.", code_of(inner.value)))
        for inner in walk(node)
        if isinstance(inner, cst.Arg)
    )


def _keyword(arg: cst.Arg) -> str:
    return arg.star or (arg.keyword.value if arg.keyword is not None else "")


def _with_more(call: cst.Call, kept: list[cst.Arg], text: str) -> cst.Call:
    """Return a call with one more argument, laid out like those that are there."""
    more = cst.ensure_type(cst.parse_expression(f"f({text})"), cst.Call).args[0]
    if not kept:
        return call.with_changes(args=[more])
    between = kept[0].comma if isinstance(kept[0].comma, cst.Comma) and len(kept) > 1 else COMMA
    last = kept[-1]
    return call.with_changes(
        args=[
            *kept[:-1],
            last.with_changes(comma=between),
            more.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg),
        ]
    )


def _literal(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """Return a URL that stands in the source with another driver, None when it does not."""
    if isinstance(node, cst.SimpleString):
        return node.with_changes(value=async_url(node.value))
    if isinstance(node, cst.ConcatenatedString):
        left = _literal(node.left)
        return None if left is None else node.with_changes(left=left)
    if isinstance(node, cst.FormattedString) and node.parts:
        first = node.parts[0]
        if isinstance(first, cst.FormattedStringText):
            changed = first.with_changes(value=async_url(first.value))
            rest = "".join(code_of(part) for part in node.parts[1:])
            if changed.value.startswith("postgresql") and "?" in rest:
                raise Untranslatable("the URL's options are psycopg2's")
            return node.with_changes(parts=[changed, *node.parts[1:]])
    return None


def _constants(module: cst.Module) -> dict[str, cst.BaseExpression]:
    """Return the literal URLs that a module gives a name, once, and uses for nothing else."""
    found: dict[str, cst.BaseExpression] = {}
    uses: dict[str, int] = {}
    for node in walk(module):
        if isinstance(node, cst.Name):
            uses[node.value] = uses.get(node.value, 0) + 1
    for statement in module.body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            target = small.targets[0].target if isinstance(small, cst.Assign) else None
            if isinstance(target, cst.Name) and isinstance(small, cst.Assign):
                literal = isinstance(
                    small.value, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString
                )
                if literal and uses[target.value] == 2:
                    found[target.value] = small.value
    return found


def _urls(module: cst.Module, names: dict[str, str]) -> Iterator[str]:
    for node in walk(module):
        made = dotted_name(node.func, names) if isinstance(node, cst.Call) else ""
        if isinstance(node, cst.Call) and RENAMED.get(made) == "create_async_engine":
            yield from (shape(arg.value) for arg in node.args[:1])
