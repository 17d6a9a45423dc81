"""Which functions become async: those that block, and their callers, up to a boundary.

A function that blocks in a way that no single expression can mend (a ``with open``, a cursor, a
loop over a connection) or that cannot be async (a property, a constructor, a generator, one that is
handed around as a value) stays as it is, with all it calls, and runs in a thread where async code
calls it. Any other function that blocks becomes async, and so do its callers, up to a boundary.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator

from ai_catalyst.check.edges import Edges
from ai_catalyst.check.excuses import is_excused
from ai_catalyst.check.facts import Event
from ai_catalyst.check.infer import Inference, Value, shape_of
from ai_catalyst.check.migrate.boundaries import Boundaries, all_functions, bare
from ai_catalyst.check.migrate.downloads import ANSWER, download_action
from ai_catalyst.check.migrate.programs import running
from ai_catalyst.check.program import FunctionId, Program
from ai_catalyst.check.reach import TINY_MS

__all__ = ["Spread", "Where"]

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

_LOCKS = tuple(
    f"{home}.{name}"
    for home in ("threading", "multiprocessing")
    for name in ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore")
)

Where = tuple[int, str]
"""A line, and the shape of what is called there."""


class Spread:
    """The functions of a program: which block, which stay and why, which become async."""

    def __init__(
        self,
        program: Program,
        infer: Inference,
        sources: dict[str, bytes],
        waiting: set[FunctionId],
        moved: set[str],
        frozen: set[FunctionId],
        *,
        http: bool,
        urllib: bool,
        left: frozenset[str] = frozenset(),
    ) -> None:
        """Take what moves as a whole: the functions that have to wait, and the libraries' names.

        ``frozen`` are functions that hold what stays in one piece, ``left`` the paths of files that
        cannot be rewritten: all in them stays, and so does what they call.
        """
        self.left = left
        self.program, self.infer, self.waiting, self.moved = program, infer, waiting, moved
        self.http, self.urllib, self.frozen = http, urllib, frozen
        self.running = running(program, infer)
        self.edges = Edges(program, self.infer)
        self.boundaries = Boundaries(program, infer, sources)
        self.stay: dict[FunctionId, str] = {}
        self.callers: dict[FunctionId, set[FunctionId]] = {}
        self.callees: dict[FunctionId, set[FunctionId]] = {}
        self.sinks: dict[FunctionId, list[tuple[Event, str]]] = {}
        self.lazy = {m.path: _in_generators(sources[m.path]) for m in program.modules}
        for fid in all_functions(program):
            self._read(fid)
        self._settle_what_stays()
        while self._hold_back_users_of_what_stays():
            self._settle_what_stays()
        self.blocking = self._blocking()
        self.becoming = self._becoming()

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
        if self.program.modules[fid[0]].path in self.left:
            self.stay[fid] = "its file has to stay as it is"
            return
        if function.is_async:
            return
        reason = self.boundaries.cannot(fid)
        reason = reason or self._holds(fid)
        if reason:
            self.stay[fid] = reason
        elif any(self.needs_thread(event, path, fid) for event, path in found):
            self.stay[fid] = "its calls belong together: it runs in a thread as a whole"

    def _blocks(self, event: Event, value: Value, fid: FunctionId) -> str | None:
        if value[0] != "x" or event.use in ("await", "asyncwith", "asyncfor"):
            return None
        if event.line in self.program.modules[fid[0]].facts.allowed:
            return None  # somebody has said why it may block
        path = str(value[1])
        if path == "requests.Session.close" and self.http:
            return path
        if path.startswith(ANSWER) and self.urllib:
            return None
        if event.kind != "c":
            path += ".__iter__" if event.kind == "f" else ".__enter__"
            known = self.program.catalogue.blocking.exact(path)
            return path if known and known.cost_ms >= TINY_MS else None
        entry = self.program.catalogue.blocks(path)
        if entry is None or entry.cost_ms < TINY_MS:
            return None
        return None if is_excused(event.expr, entry, path, fid, self.program) else path

    def needs_thread(self, event: Event, path: str, fid: FunctionId) -> bool:
        """Tell whether no single expression can mend a call."""
        if self.is_lazy(event, fid):
            return True
        if self.urllib and download_action(path):
            return False
        if path.startswith("subprocess.Popen"):
            return fid not in self.running
        if event.kind != "c" or path.startswith(_CURSORS) or path.startswith("io.IOBase."):
            return True
        return path.endswith("open") or event.use in _LEAF_USES

    def _holds(self, fid: FunctionId) -> str:
        if fid in self.frozen:
            return "the sessions it uses stay as they are"
        if self.locks(fid):
            return "it holds a lock of threads: who waits for it would stop the loop for ever"
        return ""

    def is_lazy(self, event: Event, fid: FunctionId) -> bool:
        """Tell whether a call stands in a generator expression."""
        if event.kind != "c":
            return False
        where = (event.line, shape_of(event.expr[1]))
        return where in self.lazy[self.program.modules[fid[0]].path]

    def locks(self, fid: FunctionId) -> bool:
        """Tell whether a function holds a lock of threads."""
        for event in self.program.function(fid).events:
            callee = event.expr[1] if event.kind == "c" else event.expr
            for value in self.infer.of(callee, fid) if event.kind in "cw" else ():
                path = str(value[1]) if value[0] == "x" else ""
                if path.startswith(_LOCKS) and (event.kind == "w" or path.endswith(".acquire")):
                    return True
        return False

    # --- deciding

    def _settle_what_stays(self) -> None:
        """What stays takes with it all it calls, and every method of the same family."""
        waiting = deque(
            f
            for f, why in self.stay.items()
            if why and (f[1] or self.program.modules[f[0]].path in self.left)
        )
        while waiting:
            fid = waiting.popleft()
            family = [*self.callees.get(fid, ()), *self._family(fid)]
            for other in family:
                if other not in self.stay and not self.program.function(other).is_async:
                    called = other in self.callees.get(fid, ())
                    self.stay[other] = "called from what stays" if called else "its family stays"
                    waiting.append(other)

    def _hold_back_users_of_what_stays(self) -> bool:
        """What enters or iterates a blocking generator that stays cannot await it: it stays too.

        So does what runs a lambda that blocks.
        """
        blocking = self._blocking()
        found = False
        for fid in blocking - self.stay.keys():
            below = self.callees.get(fid, set()) & blocking
            if any(bare(self.program.function(f).name) == "<lambda>" for f in below):
                self.stay[fid] = "it runs a lambda that blocks"
                found = True
                continue
            for event in self.program.function(fid).events:
                if self.is_lazy(event, fid) and set(self.targets(event, fid)) & blocking:
                    self.stay[fid] = "a generator expression in it blocks"
                    found = True
                if event.kind == "c" and event.use in _LEAF_USES:
                    targets = set(self.targets(event, fid)) & blocking & self.stay.keys()
                    if any(self.program.function(t).is_generator for t in targets):
                        self.stay[fid] = "it uses a generator that stays"
                        found = True
        return found

    def _family(self, fid: FunctionId) -> Iterator[FunctionId]:
        function = self.program.function(fid)
        if function.cls < 0:
            return
        cid = (fid[0], function.cls)
        name = bare(function.name)
        ours, _ = self.infer.mro(cid)
        related = {*ours, *(sub for c in ours for sub in self.infer.subclasses(c))}
        for other in related:
            method = self.program.cls(other).methods.get(name)
            if method is not None and (other[0], method) != fid:
                yield other[0], method

    def _blocking(self) -> set[FunctionId]:
        """Return every plain function that blocks, itself or below."""
        found = {f for f, sinks in self.sinks.items() if sinks and not self.is_async(f)}
        found |= {f for f in self.waiting if not self.is_async(f)}
        waiting = deque(found)
        while waiting:
            for caller in self.callers.get(waiting.popleft(), ()):
                if caller not in found and not self.is_async(caller):
                    found.add(caller)
                    waiting.append(caller)
        return found

    def is_async(self, fid: FunctionId) -> bool:
        """Tell whether a function is async already."""
        return self.program.function(fid).is_async

    def _becoming(self) -> set[FunctionId]:
        found = {f for f in self.blocking if f not in self.stay and f[1]}
        family = {other for fid in found for other in self._family(fid)}
        found |= {f for f in family if f not in self.stay and not self.is_async(f)}
        return found

    def targets(self, event: Event, fid: FunctionId) -> Iterable[FunctionId]:
        """Return the functions of ours that a call means."""
        for value in self.infer.of(event.expr[1], fid):
            if value[0] in ("f", "b"):
                yield value[1]
            elif value[0] == "t":
                for member in self.infer.member(("i", value[1], True), "__init__"):
                    if member[0] == "b":
                        yield member[1]


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
