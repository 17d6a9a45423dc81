"""Which database drivers can move to asyncpg or aiomysql as a whole, and what keeps one back.

A connection is handed around, so a driver moves in every function that touches it, or in none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import libcst as cst

from ai_catalyst.check.facts import Event, Expr
from ai_catalyst.check.infer import Inference, shape_of
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.cursors import translated
from ai_catalyst.check.migrate.held import Held
from ai_catalyst.check.migrate.names import imported_names, references
from ai_catalyst.check.migrate.nodes import functions_in, last_name, waits
from ai_catalyst.check.migrate.placeholders import Untranslatable
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["DRIVERS", "Driver", "Move", "connection_call", "moves"]


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver's own names, and what its exceptions are called in the async one."""

    name: str
    target: str
    helper: str
    makers: tuple[str, ...]
    pools: tuple[str, ...]
    exceptions: dict[str, str]
    others: tuple[str, ...]

    def renamed(self, dotted: str) -> str | None:
        """Return the async driver's exception for one of this driver's, None when there is none."""
        known = self.exceptions.get(dotted.removeprefix(f"{self.name}."))
        if known is None and dotted.startswith("psycopg2.errors."):
            known = dotted.removeprefix("psycopg2.errors.") + "Error"
        if known is None:
            return None
        parts = [p if p[:2] == "OS" else f"{self.target}.{p}" for p in known.split(", ")]
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


_MYSQL_ERRORS = (
    *("Error", "InterfaceError", "DatabaseError", "OperationalError", "IntegrityError"),
    *("InternalError", "NotSupportedError", "ProgrammingError", "DataError", "MySQLError"),
)
DRIVERS = (
    Driver(
        "psycopg2",
        "asyncpg",
        "_Database",
        ("psycopg2.connect",),
        ("psycopg2.pool.SimpleConnectionPool", "psycopg2.pool.ThreadedConnectionPool"),
        {
            "Error": "PostgresError, InterfaceError, OSError",
            "DatabaseError": "PostgresError",
            "OperationalError": "PostgresError, InterfaceError, OSError",
            "IntegrityError": "IntegrityConstraintViolationError",
            "ProgrammingError": "SyntaxOrAccessError",
            "DataError": "DataError",
            "InterfaceError": "InterfaceError",
            "errors.SerializationFailure": "SerializationError",
        },
        (
            *("extras", "extras.RealDictCursor", "extras.DictCursor", "extras.Json", "pool"),
            *("extras.execute_values", "extras.execute_batch", "errors", "extensions"),
            *("extensions.connection", "extensions.cursor", "extras.register_uuid"),
            *("extensions.ISOLATION_LEVEL_AUTOCOMMIT", "extras.DictRow", "extras.RealDictRow"),
        ),
    ),
    Driver(
        "pymysql",
        "aiomysql",
        "_Database mysql",
        ("pymysql.connect", "pymysql.Connect", "pymysql.Connection"),
        (),
        {f"{home}{name}": name for name in _MYSQL_ERRORS for home in ("", "err.")},
        (
            *("cursors", "err", "cursors.Cursor", "cursors.DictCursor", "cursors.SSCursor"),
            *("cursors.SSDictCursor", "connections", "connections.Connection"),
        ),
    ),
)

_KINDS = ("connections", "makers", "pools", "cursors")
_PASSED = frozenset({"contextlib.closing", "builtins.print", "builtins.isinstance"})


@dataclass(slots=True)
class Move:
    """One driver's move: what each function holds of it, and which of them have to wait.

    ``frozen`` are those that may not be taken apart when the move is refused.
    """

    driver: Driver
    held: dict[FunctionId, Held | Sessions] = field(default_factory=dict)
    waiting: set[FunctionId] = field(default_factory=set)
    frozen: set[FunctionId] = field(default_factory=set)
    rows: str = "plain"
    refused: list[tuple[str, int, str]] = field(default_factory=list)


def moves(program: Program, infer: Inference, sources: dict[str, bytes]) -> list[Move]:
    """Return a move for every driver that the program uses; some are refused, with the reason."""
    found = [_Looking(program, infer, sources, driver).move() for driver in DRIVERS]
    return [move for move in found if move.held or move.refused]


class _Looking:
    def __init__(
        self, program: Program, infer: Inference, sources: dict[str, bytes], driver: Driver
    ) -> None:
        self.program, self.infer, self.sources, self.driver = program, infer, sources, driver
        self.made = Move(driver)
        self.held: dict[FunctionId, Held] = {}
        self.leaving: set[str] = set()

    def move(self) -> Move:
        users = [
            number
            for number, module in enumerate(self.program.modules)
            if self.driver.name.encode() in self.sources[module.path]
        ]
        if not users:
            return self.made
        try:
            for number, module in enumerate(self.program.modules):
                self._at = (module.path, 1)
                for index in range(len(module.facts.functions)):
                    self._hold((number, index))
            self._settle_rows()
            self._settle_commits()
            for number in users:
                self._references(number)
            for number in {fid[0] for fid in self.held}:
                self._functions(number)
        except Untranslatable as reason:
            self.made.refused.append((*self._at, str(reason)))
        except Exception as error:  # noqa: BLE001 - odd syntax keeps the driver, not the program
            why = f"cannot be read: {type(error).__name__}: {error}"
            self.made.refused.append((*self._at, why))
        return self.made

    def _settle_rows(self) -> None:
        """A cursor from elsewhere gives the rows of those that leave their function."""
        rows = self.made.rows
        kinds = {rows if kind == "plain" else kind for kind in self.leaving} or {rows}
        given = any(held.cursors and not held.connections for held in self.held.values())
        if len(kinds) > 1 and given:
            raise Untranslatable("cursors of two kinds are handed around")
        self.held = {
            fid: replace(held, rows=rows, given=min(kinds)) for fid, held in self.held.items()
        }
        self.made.held.update(self.held)

    def _settle_commits(self) -> None:
        """Either every connection commits by itself, or none does."""
        if self.driver.name != "psycopg2":
            return
        makers = sum(
            self._kind(str(value[1])) == "makers"
            for fid in self.held
            for event in self.program.function(fid).events
            if event.kind == "c"
            for value in self.infer.of(event.expr[1], fid)
            if value[0] == "x" and str(value[1]).startswith(f"{self.driver.name}.")
        )
        alone = sum(self._commits_alone(fid) for fid in self.held)
        if 0 < alone < makers:
            raise Untranslatable("some connections commit by themselves and others do not")
        if alone:
            self.held = {fid: replace(held, autocommit=True) for fid, held in self.held.items()}
            self.made.held.update(self.held)

    def _commits_alone(self, fid: FunctionId) -> int:
        """Return how often a function says that a connection commits by itself."""
        connection = ("x", f"{self.driver.name}.{self._connection}")
        called = [
            event
            for event in self.program.function(fid).events
            if event.kind == "c"
            and _last(event.expr[1]) in ("set_session", "set_isolation_level")
            and connection in self.infer.of(event.expr[1][1], fid)
        ]
        return len(called) + sum(1 for _ in self._set_to_commit(fid))

    def _set_to_commit(self, fid: FunctionId) -> Iterator[Expr]:
        """Return the connections whose ``autocommit`` a function sets."""
        connection = ("x", f"{self.driver.name}.{self._connection}")
        for other, _, base in self.program.state.get("autocommit", ()):
            if other == fid and connection in self.infer.of(base, fid):
                yield base

    # --- what each function holds

    def _hold(self, fid: FunctionId) -> None:
        found: dict[str, set[str]] = {kind: set() for kind in _KINDS}
        for event in self.program.function(fid).events:
            self._at = (self.program.modules[fid[0]].path, event.line)
            for kind, shape in self._meant(event, fid):
                found[kind].add(shape)
        for base in self._set_to_commit(fid):
            found["connections"].add(shape_of(base))
        if any(found.values()):
            if any(not shape.isidentifier() for shape in found["cursors"]):
                raise Untranslatable("a cursor that is kept, or has no name")
            if not fid[1] and (found["cursors"] or found["connections"]):
                raise Untranslatable("a module's own code uses the connection")
            connections, makers, pools, cursors = (frozenset(found[kind]) for kind in _KINDS)
            self.held[fid] = Held(self.driver.name, connections, makers, pools, cursors)

    def _meant(self, event: Event, fid: FunctionId) -> Iterator[tuple[str, str]]:
        subject = event.expr[1] if event.kind == "c" else event.expr
        for value in self.infer.of(subject, fid) if event.kind in "cw" else ():
            if value[0] != "x":
                continue
            if event.kind == "w":
                if value[1] == f"{self.driver.name}.{self._connection}":
                    yield "connections", shape_of(subject)
                continue
            if not value[1].startswith(f"{self.driver.name}."):
                self._handed_out(event, value[1], fid)
                continue
            kind = self._kind(value[1])
            if value[1] == "psycopg2.connection.cursor" and self._leaves(fid):
                factory = [_last(v) for k, v in event.expr[3] if k == "cursor_factory"]
                self.leaving.add("dict" if factory == ["RealDictCursor"] else "plain")
            if kind == "makers":
                self._check_maker(event)
                yield kind, shape_of(subject)
            elif kind:
                yield kind, shape_of(subject[1])

    def _leaves(self, fid: FunctionId) -> bool:
        """Tell whether a function gives a cursor away: it yields, returns or passes one on."""
        function = self.program.function(fid)
        passed = [
            expr
            for event in function.events
            if event.kind == "c" and _last(event.expr[1]) not in ("execute_values", "execute_batch")
            for expr in (*event.expr[2], *(value for _, value in event.expr[3]))
        ]
        return any(
            value[0] == "x" and value[1].lower() == f"{self.driver.name}.cursor"
            for expr in (*function.yields, *function.returns, *passed)
            if expr and expr[0] == "n"
            for value in self.infer.of(expr, fid)
        )

    @property
    def _connection(self) -> str:
        return "connection" if self.driver.name == "psycopg2" else "Connection"

    def _kind(self, path: str) -> str:
        if path in self.driver.makers or path in self.driver.pools:
            return "makers"
        owner = path.rpartition(".")[0]
        if owner in self.driver.pools:
            return "pools"
        if owner == f"{self.driver.name}.{self._connection}":
            return "connections"
        return "cursors" if owner.lower() == f"{self.driver.name}.cursor" else ""

    def _handed_out(self, event: Event, path: str, fid: FunctionId) -> None:
        """A connection in the hands of a library that knows nothing of asyncpg stays."""
        if path in _PASSED:
            return
        for expr in (*event.expr[2], *(value for _, value in event.expr[3])):
            for value in self.infer.of(expr, fid) if expr and expr[0] in ("n", "a", "c") else ():
                if (
                    value[0] == "x"
                    and value[1].startswith(f"{self.driver.name}.")
                    and (self._kind(f"{value[1]}.x") in ("connections", "cursors"))
                ):
                    raise Untranslatable(f"a connection or cursor is handed to {path}")

    def _check_maker(self, event: Event) -> None:
        for name, value in event.expr[3]:
            if name == "cursor_factory":
                if _last(value) != "RealDictCursor":
                    raise Untranslatable(f"cursor_factory={_last(value)}")
                self.made.rows = "dict"
            elif name in ("connection_factory", "async_", "async", "options", "autocommit"):
                raise Untranslatable(f"connect with {name}=")

    # --- what else the files say of the driver

    def _references(self, number: int) -> None:
        module = self.program.modules[number]
        tree = cst.parse_module(self.sources[module.path])
        known = {f"{self.driver.name}.{name}" for name in self.driver.others}
        known |= {*self.driver.makers, *self.driver.pools, self.driver.name}
        for dotted, _ in references(tree, imported_names(tree), self.driver.name):
            self._at = (module.path, 1)
            if dotted not in known and self.driver.renamed(dotted) is None:
                raise Untranslatable(f"{dotted} has no counterpart in {self.driver.target}")
        if self.driver.name == "pymysql" and b"psycopg2" in self.sources[module.path]:
            raise Untranslatable("two database drivers in one file")

    def _functions(self, number: int) -> None:
        path = self.program.modules[number].path
        nodes = functions_in(self.sources[path])
        for fid, held in self.held.items():
            if fid[0] != number or not fid[1]:
                continue
            function = self.program.function(fid)
            self._at = (path, function.line)
            node = nodes.get((function.line, function.name.rpartition(".")[2]))
            if node is None:
                raise Untranslatable("a lambda, or a function inside a function")
            made, _ = translated(node, held)
            if waits(made) > waits(node):
                self.made.waiting.add(fid)


def _last(expr: Expr) -> str:
    return str(expr[-1]) if expr and expr[0] in ("n", "a") else ""


def connection_call(call: cst.Call, driver: Driver) -> cst.Call:
    """Return ``_Database(…)`` for a call that connected or made a pool."""
    arguments = [a for a in call.args if a.keyword is None or a.keyword.value != "cursor_factory"]
    if last_name(call.func).endswith("ConnectionPool"):
        arguments = _pool_arguments(arguments)
    if arguments and len(arguments) < len(call.args):
        arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(func=cst.Name("_Database"), args=arguments)


def _pool_arguments(arguments: list[cst.Arg]) -> list[cst.Arg]:
    names = {"minconn": "min_size", "maxconn": "max_size"}
    sizes, others = [], []
    for index, arg in enumerate(arguments):
        name = arg.keyword.value if arg.keyword else ("minconn", "maxconn", "")[min(index, 2)]
        plain = arg.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        if name in names:
            equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            sizes.append(plain.with_changes(keyword=cst.Name(names[name]), equal=equal))
        else:
            others.append(plain)
    starred = [arg for arg in others if arg.star == "**"]
    return [*(arg for arg in others if arg.star != "**"), *sizes, *starred]
