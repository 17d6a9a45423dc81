"""Whether a program's SQLAlchemy can move to its async part as a whole, and what keeps it back.

A session is handed around, so all sessions, engines and connections move, or none does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from ai_catalyst.check.facts import Event
from ai_catalyst.check.infer import Inference, Value, shape_of
from ai_catalyst.check.migrate.alchemy.engines import RENAMED, TEST_CLIENTS, modernised
from ai_catalyst.check.migrate.alchemy.functions import in_async
from ai_catalyst.check.migrate.alchemy.loading import Relations, lazy_reads, relations
from ai_catalyst.check.migrate.alchemy.sessions import Sessions
from ai_catalyst.check.migrate.boundaries import all_functions, bare, last_of
from ai_catalyst.check.migrate.drivers import Driver, Move
from ai_catalyst.check.migrate.names import imported_names, references
from ai_catalyst.check.migrate.nodes import functions_in, shape, waits, walk
from ai_catalyst.check.migrate.placeholders import Untranslatable
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["ALCHEMY", "AlchemyMove", "alchemy_move"]

ALCHEMY = Driver("sqlalchemy", "sqlalchemy", "", (), (), {}, ())

_SESSION = (
    *("sqlalchemy.orm.Session", "sqlalchemy.orm.scoped_session()", "sqlalchemy.orm.scoped_session"),
)
_FACTORIES = ("sqlalchemy.orm.sessionmaker()", "sqlalchemy.orm.Session", _SESSION[1])
_QUERY = "sqlalchemy.orm.Query"
_KINDS = (
    "sessions",
    "factories",
    "engines",
    "connections",
    "queries",
    "tables",
    "entities",
    "clients",
)
_CORE = {"sqlalchemy.Engine": "engines", "sqlalchemy.Connection": "connections"}
_NAMES = ("select", "func", "update", "delete")
_USUAL = frozenset({"query", "commit", "rollback", "flush", "refresh", "scalars", "add", "execute"})
_PASSED = (
    "builtins.",
    "fastapi.testclient.",
    "starlette.testclient.",
    "sqlalchemy.",
    "contextlib.closing",
    "fastapi.Depends",
    "typing.cast",
)
_UNKNOWN = {
    "flask_sqlalchemy": "Flask-SQLAlchemy has no async sessions",
    "sqlmodel": "SQLModel's sessions are its own: sqlmodel.ext.asyncio.session",
    "sqlalchemy.ext.automap": "automap reads the database as the program starts",
    "sqlalchemy.orm.deferred": "a deferred column loads itself when it is read",
    "sqlalchemy.orm.dynamic_loader": "a dynamic relationship is a query: say write_only",
    "sqlalchemy.orm.Query": "Query is named: say Select, or leave it to be inferred",
    "sqlalchemy.inspect": "inspect(…) asks the database by itself",
    "sqlalchemy.ext.associationproxy": "an association proxy reads a relationship",
}


@dataclass(slots=True)
class AlchemyMove(Move):
    """The move of all sessions; ``engines`` are their last names, ``tables`` those made at import.

    ``tables`` holds, for each file, the calls of ``create_all`` in its own code and their engines.
    """

    engines: frozenset[str] = frozenset()
    tables: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)


def alchemy_move(program: Program, infer: Inference, sources: dict[str, bytes]) -> AlchemyMove:
    """Return what moving all sessions takes; refused, with every reason, where that is unsafe."""
    return _Survey(program, infer, sources).move()


class _Survey:
    def __init__(self, program: Program, infer: Inference, sources: dict[str, bytes]) -> None:
        self.program, self.infer, self.sources = program, infer, sources
        self.made = AlchemyMove(ALCHEMY)
        self.raw: dict[FunctionId, dict[str, set[str]]] = {}
        self.relations: Relations = relations(program, infer, sources)
        self.users = [
            number
            for number, module in enumerate(program.modules)
            if b"sqlalchemy" in sources[module.path] or b"sqlmodel" in sources[module.path]
        ]

    def move(self) -> AlchemyMove:
        if not self.users:
            return self.made
        for fid in all_functions(self.program):
            self._guarded(fid, self._hold)
        if not self.raw and not self.made.refused:
            return self.made
        self.made.engines = self._engines()
        for number in self.users:
            self._guarded((number, 0), self._file)
        for fid in all_functions(self.program):
            self._guarded(fid, self._unknown)
        self._translate()
        places = lazy_reads(self.program, self.infer, self.relations, self.sources)
        self.made.refused += sorted(set(places))
        return self.made

    def _guarded(self, fid: FunctionId, look: Callable[[FunctionId], None]) -> None:
        self._at = (self.program.modules[fid[0]].path, max(self.program.function(fid).line, 1))
        try:
            look(fid)
        except Untranslatable as reason:
            self.made.refused.append((*self._at, str(reason)))
        except Exception as error:  # noqa: BLE001 - odd syntax keeps the sessions, not the program
            why = f"cannot be read: {type(error).__name__}: {error}"
            self.made.refused.append((*self._at, why))

    # --- what each function holds

    def _hold(self, fid: FunctionId) -> None:
        found: dict[str, set[str]] = {kind: set() for kind in _KINDS}
        for event in self.program.function(fid).events:
            self._at = (self._at[0], event.line)
            if event.kind == "c" and self._hands_on(event, fid):
                self.made.frozen.add(fid)
                self._handed_out(event, fid)
            if event.use in ("await", "asyncwith", "asyncfor"):
                continue
            for kind, path in (*self._meant(event, fid), *self._tables(event, fid)):
                found[kind].add(path)
        if not any(found.values()):
            return
        if not fid[1]:
            self._own_code(found)
        self.raw[fid] = found
        self.made.frozen.add(fid)

    def _own_code(self, found: dict[str, set[str]]) -> None:
        if found["sessions"] or found["queries"] or found["connections"]:
            raise Untranslatable("a module's own code uses a session: put it into a function")

    def _meant(self, event: Event, fid: FunctionId) -> Iterator[tuple[str, str]]:
        subject = event.expr[1] if event.kind == "c" else event.expr
        for value in self.infer.of(subject, fid) if event.kind in "cwfp" else ():
            if value[0] == "x":
                path = str(value[1])
                if event.kind == "c":
                    yield from self._called(event, path, fid)
                elif event.kind == "w" and path in _SESSION:
                    yield "sessions", shape_of(subject)
                elif event.kind == "w" and path in TEST_CLIENTS:
                    self._no_lifespan()
                    yield "clients", shape_of(subject)
                elif event.kind == "f" and path == _QUERY and "(" not in shape_of(subject):
                    yield "queries", shape_of(subject)

    def _called(self, event: Event, path: str, fid: FunctionId) -> Iterator[tuple[str, str]]:
        owner, _, name = path.rpartition(".")
        callee = event.expr[1]
        base = callee[1] if callee and callee[0] == "a" else None
        if path in _FACTORIES or path in TEST_CLIENTS:
            yield "factories", shape_of(callee)
        elif owner in TEST_CLIENTS and base is not None:
            if name in ("stream", "websocket_connect"):
                raise Untranslatable(f"TestClient.{name} has no counterpart in httpx")
            yield "clients", shape_of(base)
        elif owner in _SESSION and base is not None:
            yield "sessions", shape_of(base)
            yield from self._entities(event, name, fid)
        elif owner == _QUERY and "(" not in shape_of(base):
            yield "queries", shape_of(base)
        elif owner in _CORE and base is not None:
            yield _CORE[owner], shape_of(base)

    def _no_lifespan(self) -> None:
        for source in self.sources.values():
            if b"lifespan" in source or b"on_event" in source:
                raise Untranslatable("TestClient runs the lifespan of the app, httpx does not")

    def _tables(self, event: Event, fid: FunctionId) -> Iterator[tuple[str, str]]:
        """Return calls of ``create_all`` with an engine or connection, whatever they stand on."""
        if event.kind != "c" or last_of(event.expr[1]) not in ("create_all", "drop_all"):
            return
        bound = [
            pair
            for expr in (*event.expr[2], *(value for _, value in event.expr[3]))
            for pair in self._bound(expr, fid)
        ]
        if bound:
            yield from (("tables", shape_of(event.expr[1])), *bound)

    def _bound(self, expr: object, fid: FunctionId) -> Iterator[tuple[str, str]]:
        for value in self.infer.of(expr, fid):
            if value == ("x", "sqlalchemy.Engine"):
                yield "engines", shape_of(expr)
            elif value == ("x", "sqlalchemy.Connection"):
                yield "connections", shape_of(expr)

    def _entities(self, event: Event, name: str, fid: FunctionId) -> Iterator[tuple[str, str]]:
        if name == "query_property":
            raise Untranslatable("query_property gives sync queries: say session.query(Model)")
        for expr in event.expr[2] if name == "query" else ():
            values = self.infer.of(expr, fid)
            if values and all(value[0] == "t" for value in values):
                yield "entities", shape_of(expr)

    def _handed_out(self, event: Event, fid: FunctionId) -> None:
        """A session in the hands of a library that knows only sync ones stays."""
        for value in self.infer.of(event.expr[1], fid):
            if value[0] == "x" and not str(value[1]).startswith(_PASSED):
                raise Untranslatable(f"a session, query or engine is handed to {value[1]}")

    def _hands_on(self, event: Event, fid: FunctionId) -> bool:
        return any(
            expr and expr[0] in ("n", "a", "c") and self._is_ours(self.infer.of(expr, fid))
            for expr in (*event.expr[2], *(value for _, value in event.expr[3]))
        )

    def _is_ours(self, values: tuple[Value, ...]) -> bool:
        known = (*_SESSION, _QUERY, "sqlalchemy.Engine", "sqlalchemy.Connection")
        return any(value[0] == "x" and value[1] in known for value in values)

    # --- what cannot be told

    def _unknown(self, fid: FunctionId) -> None:
        """Refuse what looks like a session and cannot be told to be one."""
        named = {path.rpartition(".")[2] for raw in self.raw.values() for path in raw["sessions"]}
        for event in self.program.function(fid).events:
            callee = event.expr[1] if event.kind == "c" else None
            if not callee or callee[0] != "a" or callee[2] not in _USUAL:
                continue
            if last_of(callee[1]) in named and not self.infer.of(callee, fid):
                self._at = (self._at[0], event.line)
                text = shape_of(callee[1])
                raise Untranslatable(f"it cannot be told what {text} is: annotate it as Session")

    # --- what the files say

    def _file(self, fid: FunctionId) -> None:
        module = self.program.modules[fid[0]]
        tree = cst.parse_module(self.sources[module.path])
        names = imported_names(tree)
        self._at = (module.path, 1)
        for library in ("sqlalchemy", "sqlmodel", "flask_sqlalchemy"):
            for dotted, _ in references(tree, names, library):
                for unknown, why in _UNKNOWN.items():
                    if dotted == unknown or dotted.startswith(f"{unknown}."):
                        raise Untranslatable(why)
        for node in walk(tree):
            if isinstance(node, cst.ClassDef):
                for base in node.bases:
                    if names.get(shape(base.value)) in RENAMED:
                        raise Untranslatable("a session class of its own")
        tables = self.made.tables[module.path] = self._tables_of(fid)
        modernised(tree, self.made.engines, tables)

    def _engines(self) -> frozenset[str]:
        return frozenset(
            path.rpartition(".")[2] for raw in self.raw.values() for path in raw["engines"]
        )

    def _tables_of(self, fid: FunctionId) -> frozenset[tuple[str, str]]:
        raw = self.raw.get((fid[0], 0))
        if raw is None:
            return frozenset()
        return frozenset((t, e) for t in raw["tables"] for e in raw["engines"])

    # --- what becomes of it

    def _translate(self) -> None:
        models = frozenset(bare(self.program.cls(cid).name) for cid in self.relations.models)
        spelled: dict[int, dict[str, str]] = {}
        for fid, raw in self.raw.items():
            if fid[0] not in spelled:
                spelled[fid[0]] = self._spelled(fid[0])
            kinds = {kind: frozenset(paths) for kind, paths in raw.items()}
            self.made.held[fid] = Sessions(
                **kinds, models=models, eager=self.relations.joined, spelled=spelled[fid[0]]
            )
        for number in {fid[0] for fid in self.raw}:
            self._functions(number)

    def _spelled(self, number: int) -> dict[str, str]:
        """Return how a file writes each name: another thing may have that name already."""
        module = self.program.modules[number]
        tree = cst.parse_module(self.sources[module.path])
        names = imported_names(tree)
        whole = next((name for name, dotted in names.items() if dotted == "sqlalchemy"), None)
        taken = set(_bound_names(tree)) | {
            name for name, dotted in names.items() if dotted != f"sqlalchemy.{name}"
        }
        found = {}
        for item in _NAMES:
            known = next((n for n, d in names.items() if d == f"sqlalchemy.{item}"), None)
            if known is not None:
                found[item] = known
            elif item in taken or whole is not None:
                found[item] = f"{whole or 'sqlalchemy'}.{item}"
        return found

    def _functions(self, number: int) -> None:
        path = self.program.modules[number].path
        nodes = functions_in(self.sources[path])

        def look(fid: FunctionId) -> None:
            function = self.program.function(fid)
            node = nodes.get((function.line, bare(function.name)))
            held = self.made.held[fid]
            assert isinstance(held, Sessions)
            if node is None:
                raise Untranslatable("a session in a lambda")
            if waits(in_async(node, held)[0]) > waits(node):
                self.made.waiting.add(fid)

        for fid in [f for f in self.raw if f[0] == number and f[1]]:
            self._guarded(fid, look)


def _bound_names(node: cst.CSTNode, *, in_class: bool = False) -> Iterator[str]:
    """Return the names that a file gives to things of its own; a method's is seen by nobody."""
    is_seen = isinstance(node, cst.FunctionDef | cst.ClassDef) and not in_class
    if isinstance(node, cst.Param | cst.FunctionDef | cst.ClassDef):
        yield from [node.name.value] if is_seen or isinstance(node, cst.Param) else []
    elif isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Name):
        yield node.target.value
    inside = isinstance(node, cst.ClassDef) or (
        in_class and not isinstance(node, cst.FunctionDef | cst.Lambda)
    )
    for child in node.children:
        yield from _bound_names(child, in_class=inside)
