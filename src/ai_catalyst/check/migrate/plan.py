"""Decide which functions become async and what happens to each call, before a byte is changed.

A function that blocks in a way that no single expression can mend (a ``with open``, a cursor, a
loop over a connection) or that cannot be async (a property, a constructor, a generator, one that is
handed around as a value) stays as it is, with all it calls, and runs in a thread where async code
calls it. Any other function that blocks becomes async, and so do its callers, up to a boundary.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ai_catalyst.check.edges import Edges
from ai_catalyst.check.excuses import is_excused
from ai_catalyst.check.facts import Event, Expr
from ai_catalyst.check.infer import Inference, Value, shape_of
from ai_catalyst.check.migrate.cursors import Held
from ai_catalyst.check.migrate.drivers import Driver, Move, moves
from ai_catalyst.check.migrate.libraries import http_moves, program_action
from ai_catalyst.check.program import FunctionId, Program
from ai_catalyst.check.reach import TINY_MS

__all__ = ["Call", "Plan", "plan_of"]

_PLAIN_DECORATORS = frozenset(
    {
        "staticmethod",
        "classmethod",
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "route",
        "api_route",
        "middleware",
        "exception_handler",
        "asyncio",
        "parametrize",
        "skipif",
        "skip",
        "abstractmethod",
        "override",
        "usefixtures",
        "contextmanager",
        "fixture",
    }
)
_LEAF_USES = ("with", "for")
_CURSORS = (
    "psycopg2.",
    "psycopg.",
    "pymysql.",
    "sqlite3.",
    "MySQLdb.",
    "mysql.",
    "sqlalchemy.",
    "sqlmodel.",
    "pyodbc.",
    "oracledb.",
    "duckdb.",
)

Where = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Call:
    """What becomes of one call: await, thread, sleep, http, run, … (see `rewrite`)."""

    action: str
    line: int
    name: str
    driver: Driver | None = None


@dataclass(slots=True)
class Plan:
    """What changes in each file, and what stays with the reason."""

    calls: dict[str, dict[Where, Call]] = field(default_factory=dict)
    functions: dict[str, set[tuple[int, str]]] = field(default_factory=dict)
    fixtures: dict[str, set[int]] = field(default_factory=dict)
    tests: dict[str, set[int]] = field(default_factory=dict)
    held: dict[str, dict[tuple[int, str], list[Held]]] = field(default_factory=dict)
    drivers: list[Driver] = field(default_factory=list)
    redis: bool = False
    http: bool = False
    kept: list[tuple[str, int, str, str]] = field(default_factory=list)


def plan_of(program: Program, sources: dict[str, bytes]) -> Plan:
    """Return what a migration would do."""
    infer = Inference(program)
    found = moves(program, infer, sources)
    why_not_http = http_moves(program, infer, sources)
    while True:
        planner = _Planner(program, infer, sources, found, http=why_not_http is None)
        plan = planner.plan()
        if not planner.refuse_stuck():
            break
    plan.kept += [
        (*move.refused[:2], move.driver.name, move.refused[2]) for move in found if move.refused
    ]
    if why_not_http is not None and why_not_http[0]:
        plan.kept.append((*why_not_http[:2], "requests", why_not_http[2]))
    return plan


class _Planner:
    def __init__(
        self,
        program: Program,
        infer: Inference,
        sources: dict[str, bytes],
        found: list[Move],
        *,
        http: bool,
    ) -> None:
        self.program = program
        self.infer = infer
        self.moves = [move for move in found if not move.refused]
        self.moved = {move.driver.name for move in self.moves}
        self.http = http
        self.waiting = {fid for move in self.moves for fid in move.waiting}
        self.edges = Edges(program, self.infer)
        self.all = [
            (number, index)
            for number, module in enumerate(program.modules)
            for index in range(len(module.facts.functions))
        ]
        self.stay: dict[FunctionId, str] = {}
        self.callers: dict[FunctionId, set[FunctionId]] = {}
        self.callees: dict[FunctionId, set[FunctionId]] = {}
        self.sinks: dict[FunctionId, list[tuple[Event, str]]] = {}
        self.depended = self._depended()
        self.referred = self._referred()
        self.lazy = {m.path: _in_generators(sources[m.path]) for m in program.modules}

    def refuse_stuck(self) -> bool:
        """Refuse a driver that a function holds which cannot be async; tell whether there was."""
        stuck = False
        for move in self.moves:
            fid = next((f for f in sorted(move.waiting) if f in self.stay), None)
            if fid is not None:
                function = self.program.function(fid)
                place = self.program.modules[fid[0]].path, function.line
                move.refused = (*place, f"{_bare(function.name)}: {self.stay[fid]}")
                stuck = True
        return stuck

    def plan(self) -> Plan:
        for fid in self.all:
            self._read(fid)
        self._settle_what_stays()
        while self._hold_back_users_of_what_stays():
            self._settle_what_stays()
        becoming = self._becoming()
        plan = Plan(redis=self._redis_moves(becoming), http=self.http)
        plan.drivers = [move.driver for move in self.moves]
        self._plan_held(plan)
        for fid in becoming:
            function = self.program.function(fid)
            path = self.program.modules[fid[0]].path
            plan.functions.setdefault(path, set()).add((function.line, _bare(function.name)))
            if _bare(function.name).startswith("test_"):
                plan.tests.setdefault(path, set()).add(function.line)
            if self.infer.decorated(function, "fixture"):
                plan.fixtures.setdefault(path, set()).add(function.line)
        for fid in self.all:
            self._plan_calls(fid, becoming, plan)
        return plan

    def _plan_held(self, plan: Plan) -> None:
        for move in self.moves:
            for fid, held in move.held.items():
                path = self.program.modules[fid[0]].path
                function = self.program.function(fid)
                where = (function.line, _bare(function.name))
                plan.held.setdefault(path, {}).setdefault(where, []).append(held)
                calls = plan.calls.setdefault(path, {})
                for event in function.events if held.makers else ():
                    if event.kind == "c" and shape_of(event.expr[1]) in held.makers:
                        self._put(calls, event, "database", move.driver)

    # --- reading

    def _read(self, fid: FunctionId) -> None:
        function = self.program.function(fid)
        steps, _ = self.edges.of(fid)
        for step in steps:
            self.callers.setdefault(step.target, set()).add(fid)
            self.callees.setdefault(fid, set()).add(step.target)
        found = []
        for event in function.events:
            subject = event.expr[1] if event.kind == "c" else event.expr
            for value in self.infer.of(subject, fid) if event.kind in "cwf" else ():
                path = self._blocks(event, value, fid)
                if path and path.partition(".")[0] not in self.moved:
                    found.append((event, path))
        self.sinks[fid] = found
        if function.is_async:
            return
        reason = self._cannot(fid)
        if reason:
            self.stay[fid] = reason
        elif any(self._needs_thread(event, path, fid) for event, path in found):
            self.stay[fid] = "its calls belong together: it runs in a thread as a whole"

    def _blocks(self, event: Event, value: Value, fid: FunctionId) -> str | None:
        if value[0] != "x" or event.use in ("await", "asyncwith", "asyncfor"):
            return None
        path = str(value[1])
        if path == "requests.Session.close" and self.http:
            return path
        if event.kind != "c":
            path += ".__iter__" if event.kind == "f" else ".__enter__"
            known = self.program.catalogue.blocking.exact(path)
            return path if known and known.cost_ms >= TINY_MS else None
        entry = self.program.catalogue.blocks(path)
        if entry is None or entry.cost_ms < TINY_MS:
            return None
        return None if is_excused(event.expr, entry, path, fid, self.program) else path

    def _needs_thread(self, event: Event, path: str, fid: FunctionId) -> bool:
        if event.kind != "c" or path.startswith(_CURSORS) or path.startswith("io.IOBase."):
            return True
        if (
            path.endswith("open")
            or event.use in _LEAF_USES
            or (event.use == "attr" and path == "subprocess.Popen")
        ):
            return True
        where = (event.line, shape_of(event.expr[1]))
        return where in self.lazy[self.program.modules[fid[0]].path]

    def _cannot(self, fid: FunctionId) -> str:
        function = self.program.function(fid)
        name = _bare(function.name)
        if fid[1] == 0:
            return "a module's own code"
        if name == "<lambda>":
            return "a lambda"
        if name.startswith("__") and name.endswith("__"):
            return f"{name} cannot be async"
        if function.is_generator and not self._lends(fid):
            return "a generator"
        if self.infer.is_property(function):
            return "a property"
        if fid in self.referred:
            return "it is handed around as a value"
        if function.parent > 0:
            return "a function inside a function"
        for decorator in function.decorators:
            last = _last(decorator)
            if last not in _PLAIN_DECORATORS:
                return f"the decorator {last or '?'} may not take an async function"
        return ""

    def _lends(self, fid: FunctionId) -> bool:
        """Tell whether a generator only lends something: a context, a fixture, a dependency."""
        function = self.program.function(fid)
        return self.infer.decorated(function, "contextmanager", "fixture") or fid in self.depended

    def _depended(self) -> set[FunctionId]:
        """Return what FastAPI's ``Depends`` is given: it calls async functions as well."""
        return {
            value[1]
            for name in ("Depends", "Security")
            for fid, event in self.program.calls_of.get(name, ())
            for expr in (*event.expr[2], *(value for _, value in event.expr[3]))
            for value in (self.infer.of(expr, fid) if expr else ())
            if value[0] in ("f", "b")
        }

    def _referred(self) -> set[FunctionId]:
        found: set[FunctionId] = set()
        for fid in self.all:
            function = self.program.function(fid)
            exprs: list[Expr] = [*function.returns]
            for event in function.events:
                if event.kind == "c" and _last(event.expr[1]) not in ("Depends", "Security"):
                    exprs += [*event.expr[2], *(value for _, value in event.expr[3])]
            exprs += [e for bound in function.names.values() for kind, e, _ in bound if kind == "v"]
            for expr in exprs:
                if expr and expr[0] in ("n", "a", "l", "d"):
                    for value in _flat(self.infer.of(expr, fid)):
                        if value[0] in ("f", "b"):
                            found.add(value[1])
        return found

    # --- deciding

    def _settle_what_stays(self) -> None:
        """What stays takes with it all it calls, and every method of the same family."""
        waiting = deque(f for f, why in self.stay.items() if f[1] and why)
        while waiting:
            fid = waiting.popleft()
            family = [*self.callees.get(fid, ()), *self._family(fid)]
            for other in family:
                if other not in self.stay and not self.program.function(other).is_async:
                    called = other in self.callees.get(fid, ())
                    self.stay[other] = "called from what stays" if called else "its family stays"
                    waiting.append(other)

    def _hold_back_users_of_what_stays(self) -> bool:
        """What enters or iterates a blocking generator that stays cannot await it: it stays too."""
        blocking = self._blocking()
        found = False
        for fid in blocking - self.stay.keys():
            for event in self.program.function(fid).events:
                if event.kind == "c" and event.use in _LEAF_USES:
                    targets = set(self._targets(event, fid)) & blocking & self.stay.keys()
                    if any(self.program.function(t).is_generator for t in targets):
                        self.stay[fid] = "it uses a generator that stays"
                        found = True
        return found

    def _family(self, fid: FunctionId) -> Iterator[FunctionId]:
        function = self.program.function(fid)
        if function.cls < 0:
            return
        cid = (fid[0], function.cls)
        name = _bare(function.name)
        ours, _ = self.infer.mro(cid)
        related = {*ours, *(sub for c in ours for sub in self.infer.subclasses(c))}
        for other in related:
            method = self.program.cls(other).methods.get(name)
            if method is not None and (other[0], method) != fid:
                yield other[0], method

    def _blocking(self) -> set[FunctionId]:
        """Return every plain function that blocks, itself or below."""
        found = {f for f, sinks in self.sinks.items() if sinks and not self._is_async(f)}
        found |= {f for f in self.waiting if not self._is_async(f)}
        waiting = deque(found)
        while waiting:
            for caller in self.callers.get(waiting.popleft(), ()):
                if caller not in found and not self._is_async(caller):
                    found.add(caller)
                    waiting.append(caller)
        return found

    def _is_async(self, fid: FunctionId) -> bool:
        return self.program.function(fid).is_async

    def _becoming(self) -> set[FunctionId]:
        blocking = self._blocking()
        self.blocking = blocking
        found = {f for f in blocking if f not in self.stay and f[1]}
        family = {other for fid in found for other in self._family(fid)}
        found |= {f for f in family if f not in self.stay and not self._is_async(f)}
        return found

    def _redis_moves(self, becoming: set[FunctionId]) -> bool:
        for fid, sinks in self.sinks.items():
            uses = [e for e, path in sinks if path.startswith(("redis.Redis.", "redis.client."))]
            if uses and fid not in becoming and not self._is_async(fid):
                return False
            if any(e.kind != "c" for e in uses):
                return False
        return True

    # --- calls

    def _plan_calls(self, fid: FunctionId, becoming: set[FunctionId], plan: Plan) -> None:
        path = self.program.modules[fid[0]].path
        calls = plan.calls.setdefault(path, {})
        if not (self._is_async(fid) or fid in becoming):
            if fid[1] == 0 or self._is_boundary(fid):
                self._start_loops(fid, becoming, calls)
            return
        for event, sink in self.sinks[fid]:
            if event.kind == "c" and not self._needs_thread(event, sink, fid):
                self._put(calls, event, self._action(event, sink, plan))
            elif self._is_async(fid):
                reason = "not one expression: move it into a function of its own"
                plan.kept.append((path, event.line, sink, reason))
        for event in self.program.function(fid).events:
            if event.kind == "p":
                self._keep_property(event, fid, path, plan)
            elif event.kind == "c" and event.use not in ("await", "asyncwith"):
                self._plan_own(event, fid, becoming, plan)
        self._plan_http(fid, calls)

    def _start_loops(
        self, fid: FunctionId, becoming: set[FunctionId], calls: dict[Where, Call]
    ) -> None:
        for event in self.program.function(fid).events:
            if event.kind == "c" and any(t in becoming for t in self._targets(event, fid)):
                self._put(calls, event, "run")

    def _plan_http(self, fid: FunctionId, calls: dict[Where, Call]) -> None:
        """Sessions are made, closed and entered, whoever does it."""
        for event in self.program.function(fid).events if self.http else ():
            for value in self.infer.of(event.expr[1], fid) if event.kind == "c" else ():
                if value == ("x", "requests.Session") or value == ("x", "requests.session"):
                    self._put(calls, event, "session with" if event.use == "with" else "session")

    def _plan_own(
        self, event: Event, fid: FunctionId, becoming: set[FunctionId], plan: Plan
    ) -> None:
        path = self.program.modules[fid[0]].path
        targets = list(self._targets(event, fid))
        if any(t in becoming for t in targets):
            lends = event.use == "with" and any(self._lends(t) for t in targets)
            self._put(plan.calls[path], event, "with" if lends else "await")
        elif any(t in self.blocking and t in self.stay for t in targets):
            lazy = any(self.program.function(t).is_generator for t in targets)
            if event.use == "with" or lazy:
                reason = "a context manager or generator that blocks"
                plan.kept.append((path, event.line, shape_of(event.expr[1]), reason))
            else:
                self._put(plan.calls[path], event, "thread")

    def _keep_property(self, event: Event, fid: FunctionId, path: str, plan: Plan) -> None:
        if event.expr[2] in self.program.properties:
            for base in self.infer.of(event.expr[1], fid):
                if base[0] == "i":
                    for step in self.edges._properties(event, base, fid):
                        if step.target in self.blocking:
                            reason = "a property that blocks: make it a method"
                            plan.kept.append((path, event.line, event.expr[2], reason))
                            return

    def _is_boundary(self, fid: FunctionId) -> bool:
        return self.infer.decorated(self.program.function(fid), "command", "task", "callback")

    def _targets(self, event: Event, fid: FunctionId) -> Iterable[FunctionId]:
        for value in self.infer.of(event.expr[1], fid):
            if value[0] in ("f", "b"):
                yield value[1]
            elif value[0] == "t":
                for member in self.infer.member(("i", value[1], True), "__init__"):
                    if member[0] == "b":
                        yield member[1]

    def _action(self, event: Event, sink: str, plan: Plan) -> str:
        if sink == "time.sleep":
            return "sleep"
        if sink == "requests.Session.close":
            return "aclose"
        if sink.startswith("requests.") and self.http:
            return "await" if sink.startswith("requests.Session.") else "http"
        if sink.startswith(("redis.Redis.", "redis.client.")) and plan.redis:
            return "await"
        return program_action(event, sink) or "thread"

    def _put(
        self, calls: dict[Where, Call], event: Event, action: str, driver: Driver | None = None
    ) -> None:
        shape = shape_of(event.expr[1])
        calls[event.line, shape] = Call(action, event.line, shape, driver)


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _last(expr: Expr) -> str:
    while expr and expr[0] == "c":
        expr = expr[1]
    return str(expr[-1]) if expr and expr[0] in ("n", "a") else ""


def _flat(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        if value[0] in ("l", "p"):
            yield from _flat(value[1])
        else:
            yield value


def _in_generators(source: bytes) -> set[Where]:
    """Return the calls inside generator expressions: an await there would change their kind."""
    found: set[Where] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.GeneratorExp):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    found.add((inner.func.end_lineno or inner.lineno, _shape(inner.func)))
    return found


def _shape(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_shape(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{_shape(node.func)}()"
    if isinstance(node, ast.Subscript):
        return f"{_shape(node.value)}[]"
    return node.id if isinstance(node, ast.Name) else ""
