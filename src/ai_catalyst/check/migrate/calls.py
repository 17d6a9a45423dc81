"""What becomes of each call, once it is known which functions become async."""

from __future__ import annotations

from dataclasses import dataclass, field

from ai_catalyst.check.facts import Event
from ai_catalyst.check.infer import shape_of
from ai_catalyst.check.migrate.alchemy import AlchemyMove
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.boundaries import all_functions, bare
from ai_catalyst.check.migrate.downloads import download_action
from ai_catalyst.check.migrate.drivers import Driver, Move
from ai_catalyst.check.migrate.held import Held
from ai_catalyst.check.migrate.programs import program_action
from ai_catalyst.check.migrate.spread import Spread, Where
from ai_catalyst.check.program import FunctionId

__all__ = ["Call", "Calls", "Plan"]


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
    cases: dict[str, set[int]] = field(default_factory=dict)
    crowded: list[tuple[str, int]] = field(default_factory=list)
    held: dict[str, dict[tuple[int, str], list[Held | Sessions]]] = field(default_factory=dict)
    drivers: list[Driver] = field(default_factory=list)
    alchemy: AlchemyMove | None = None
    redis: bool = False
    http: bool = False
    kept: list[tuple[str, int, str, str]] = field(default_factory=list)


class Calls:
    """Plans the calls of every function."""

    def __init__(self, spread: Spread, moves: list[Move]) -> None:
        """Take who becomes async, and the drivers that move."""
        self.spread, self.moves = spread, moves
        self.program, self.infer = spread.program, spread.infer

    def plan(self) -> Plan:
        """Return what happens to each function and call."""
        becoming = self.spread.becoming
        plan = Plan(redis=self._redis_moves(becoming), http=self.spread.http)
        plan.drivers = [move.driver for move in self.moves]
        plan.alchemy = next((m for m in self.moves if isinstance(m, AlchemyMove)), None)
        self._plan_held(plan)
        for fid in becoming:
            self._plan_function(fid, plan)
        for fid in all_functions(self.program):
            self._plan_calls(fid, becoming, plan)
        return plan

    def _plan_function(self, fid: FunctionId, plan: Plan) -> None:
        function = self.program.function(fid)
        path = self.program.modules[fid[0]].path
        plan.functions.setdefault(path, set()).add((function.line, bare(function.name)))
        if self.spread.boundaries.case_of(fid):
            plan.cases.setdefault(path, set()).add(function.line)
        elif bare(function.name).startswith("test_"):
            plan.tests.setdefault(path, set()).add(function.line)
        if self.infer.decorated(function, "fixture"):
            plan.fixtures.setdefault(path, set()).add(function.line)

    def _plan_held(self, plan: Plan) -> None:
        for move in self.moves:
            for fid, held in move.held.items():
                path = self.program.modules[fid[0]].path
                function = self.program.function(fid)
                where = (function.line, bare(function.name))
                plan.held.setdefault(path, {}).setdefault(where, []).append(held)
                calls = plan.calls.setdefault(path, {})
                for event in function.events if held.makers else ():
                    if event.kind == "c" and shape_of(event.expr[1]) in held.makers:
                        self._put(calls, event, "database", move.driver)

    def _redis_moves(self, becoming: set[FunctionId]) -> bool:
        for fid, sinks in self.spread.sinks.items():
            uses = [e for e, path in sinks if path.startswith(("redis.Redis.", "redis.client."))]
            late = fid in becoming or self.spread.is_async(fid)
            if uses and (not late or fid in self.spread.stay):
                return False
            if any(e.kind != "c" for e in uses):
                return False
        return True

    # --- calls

    def _plan_calls(self, fid: FunctionId, becoming: set[FunctionId], plan: Plan) -> None:
        path = self.program.modules[fid[0]].path
        calls = plan.calls.setdefault(path, {})
        if not (self.spread.is_async(fid) or fid in becoming):
            if fid[1] == 0 or self._is_boundary(fid):
                self._start_loops(fid, becoming, calls, plan.crowded)
            return
        held = self.spread.is_async(fid) and self.spread.locks(fid)
        self._plan_sinks(fid, plan, "a lock of threads is held here" if held else "")
        if held:
            return
        for event in self.program.function(fid).events:
            if event.kind == "p":
                self._keep_property(event, fid, path, plan)
            elif event.kind == "c" and event.use not in ("await", "asyncwith"):
                self._plan_own(event, fid, becoming, plan)
        self._plan_http(fid, calls)

    def _plan_sinks(self, fid: FunctionId, plan: Plan, held: str) -> None:
        path = self.program.modules[fid[0]].path
        for event, sink in self.spread.sinks[fid]:
            thread = event.kind != "c" or self.spread.needs_thread(event, sink, fid)
            if not held and not thread:
                self._put(plan.calls[path], event, self._action(event, sink, plan))
            elif self.spread.is_async(fid):
                reason = held or "not one expression: move it into a function of its own"
                plan.kept.append((path, event.line, sink, reason))

    def _start_loops(
        self,
        fid: FunctionId,
        becoming: set[FunctionId],
        calls: dict[Where, Call],
        crowded: list[tuple[str, int]],
    ) -> None:
        started = 0
        for event in self.program.function(fid).events:
            if event.kind == "c" and any(t in becoming for t in self.spread.targets(event, fid)):
                self._put(calls, event, "run")
                started += 1
                if started > 1:
                    crowded.append((self.program.modules[fid[0]].path, event.line))

    def _plan_http(self, fid: FunctionId, calls: dict[Where, Call]) -> None:
        """Sessions are made, closed and entered, whoever does it."""
        for event in self.program.function(fid).events if self.spread.http else ():
            for value in self.infer.of(event.expr[1], fid) if event.kind == "c" else ():
                if value == ("x", "requests.Session") or value == ("x", "requests.session"):
                    self._put(calls, event, "session with" if event.use == "with" else "session")

    def _plan_own(
        self, event: Event, fid: FunctionId, becoming: set[FunctionId], plan: Plan
    ) -> None:
        path = self.program.modules[fid[0]].path
        targets = list(self.spread.targets(event, fid))
        if any(t in becoming for t in targets) and self.spread.is_lazy(event, fid):
            reason = "a generator expression: say a list"
            plan.kept.append((path, event.line, shape_of(event.expr[1]), reason))
        elif any(t in becoming for t in targets):
            lends = event.use == "with" and any(self.spread.boundaries.lends(t) for t in targets)
            self._put(plan.calls[path], event, "with" if lends else "await")
        elif any(t in self.spread.blocking and t in self.spread.stay for t in targets):
            lazy = any(self.program.function(t).is_generator for t in targets)
            lazy = lazy or self.spread.is_lazy(event, fid)
            if event.use == "with" or lazy:
                reason = "a context manager or generator that blocks"
                plan.kept.append((path, event.line, shape_of(event.expr[1]), reason))
            else:
                self._put(plan.calls[path], event, "thread")

    def _keep_property(self, event: Event, fid: FunctionId, path: str, plan: Plan) -> None:
        if event.expr[2] in self.program.properties:
            for base in self.infer.of(event.expr[1], fid):
                if base[0] == "i":
                    for step in self.spread.edges._properties(event, base, fid):
                        if step.target in self.spread.blocking:
                            reason = "a property that blocks: make it a method"
                            plan.kept.append((path, event.line, event.expr[2], reason))
                            return

    def _is_boundary(self, fid: FunctionId) -> bool:
        return self.infer.decorated(self.program.function(fid), "command", "task", "callback")

    def _action(self, event: Event, sink: str, plan: Plan) -> str:
        if sink == "time.sleep":
            return "sleep"
        if sink == "requests.Session.close":
            return "aclose"
        if sink.startswith("requests.") and self.spread.http:
            method = sink.rpartition(".")[
                2
            ]  # not what the file calls it: from requests import get as g
            return "await" if sink.startswith("requests.Session.") else f"http {method}"
        if sink.startswith(("redis.Redis.", "redis.client.")) and plan.redis:
            return "await"
        if self.spread.urllib and download_action(sink):
            return download_action(sink)
        return program_action(event, sink) or "thread"

    def _put(
        self, calls: dict[Where, Call], event: Event, action: str, driver: Driver | None = None
    ) -> None:
        shape = shape_of(event.expr[1])
        calls[event.line, shape] = Call(action, event.line, shape, driver)
