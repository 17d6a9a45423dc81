"""What an object, a class or a module holds under a name."""

from __future__ import annotations

from collections.abc import Iterable

from ai_catalyst.check.answers import Answers
from ai_catalyst.check.facts import Expr
from ai_catalyst.check.program import ClassId
from ai_catalyst.check.values import MOST_CALLERS, Value, Values, few

__all__ = ["Members"]

_HELD = frozenset({"deps", "context", "state", "lifespan_context", "ctx"})


class Members(Answers):
    """Finds members along the classes: ours, those below, and those of other libraries."""

    def attribute_of(self, bases: Values, name: str) -> Values:
        """Return what an attribute of any of these values may be."""
        return few(v for base in bases for v in self.member(base, name))

    def member(self, base: Value, name: str) -> Values:
        """Return what one value holds under a name."""
        form = base[0]
        if form == "x":
            return (("x", self.catalogue.attribute(base[1], name)),)
        if form in ("i", "t", "s"):
            return self._once(("m", base, name), self._member, base, name)
        if form == "m":
            return self.namespace(base[1], name)
        if form == "c":
            return base[1] if name in _HELD else (base,) if name == "request_context" else ()
        if form in ("f", "b") and name in ("delay", "apply_async"):
            function = self.program.function(base[1])
            return (
                (("x", f"celery.Task.{name}"),)
                if self.decorated(function, "task", "shared_task")
                else ()
            )
        return ()

    def _member(self, base: Value, name: str) -> Iterable[Value]:
        cid = base[1]
        found = list(self._own(cid, base, name, skip=base[0] == "s"))
        if not found:
            found = [*self._put_from_outside(cid, name), *self._delegated(cid, name)]
            found = found or list(self._constructed(cid, name))
        if base[0] == "i" and not base[2]:
            below = self.subclasses(cid)
            if len(below) <= 12 or all(self._is_open(v) for v in found):
                for sub in below[:30]:
                    found += self._direct(sub, base, name)
                    if not found:
                        found += self._own(sub, base, name)
        return found

    def _put_from_outside(self, cid: ClassId, name: str) -> Iterable[Value]:
        """Return what others assigned to an attribute: ``config.client = Client()``."""
        for fid, expr, base in self.program.state.get(name, ())[:MOST_CALLERS]:
            if any(v[0] in ("i", "t") and v[1] == cid for v in self.of(base, fid)):
                yield from self.of(expr, fid)

    def _constructed(self, cid: ClassId, name: str) -> Iterable[Value]:
        """Return what is handed to the constructor for a declared field of that name."""
        ours = self.mro(cid)[0]
        if not any(name in self.program.cls(c).attrs for c in ours):
            return
        for cls in [*ours, *self.subclasses(cid)][:30]:
            facts = self.program.cls(cls)
            places = [
                (caller, event)
                for caller, event in self.program.calls_of.get(_short(facts.name), ())
                if ("t", cls) in self.of(event.expr[1], caller)
            ]
            if "__init__" in facts.methods:
                inside = (cls[0], facts.methods["__init__"])
                places += [
                    (inside, event)
                    for event in self.program.function(inside).events
                    if event.kind == "c" and event.expr[1] and event.expr[1][-1] == "__init__"
                ]
            for caller, event in places[:MOST_CALLERS]:
                for key, handed in event.expr[3]:
                    if key == name:
                        yield from self.of(handed, caller)

    def _is_open(self, value: Value) -> bool:
        """Tell whether a member is a method without a body, for classes below to fill in."""
        return value[0] == "b" and self.program.function(value[1]).is_abstract

    def _delegated(self, cid: ClassId, name: str) -> Iterable[Value]:
        """Return what ``__getattr__`` finds when it asks another object by the same name."""
        method = self.program.cls(cid).methods.get("__getattr__")
        if method is None or name.startswith("__"):
            return
        fid = (cid[0], method)
        for expr in self.program.function(fid).returns:
            if expr and expr[0] == "c" and expr[1] and expr[1][-1] == "getattr" and expr[2]:
                yield from self.attribute_of(self.of(expr[2][0], fid), name)

    def _own(self, cid: ClassId, base: Value, name: str, *, skip: bool = False) -> Iterable[Value]:
        ours, theirs = self.mro(cid)
        for ancestor in ours[skip:]:
            found = self._direct(ancestor, base, name)
            if found:
                return found
        for path in theirs:
            whole = self.catalogue.attribute(path, name)
            if (
                self.catalogue.blocks(whole)
                or whole in self.catalogue.returns
                or not whole.startswith(path)
            ):
                return (("x", whole),)
        return ()

    def _direct(self, cid: ClassId, base: Value, name: str) -> list[Value]:
        cls = self.program.cls(cid)
        if name in cls.methods:
            fid = (cid[0], cls.methods[name])
            function = self.program.function(fid)
            if base[0] != "t" and self.is_property(function):
                return list(self.returned(fid)) or [("x", "builtins.object")]
            return [("b", fid, base[1])]
        if name in cls.classes:
            return [("t", (cid[0], cls.classes[name]))]
        found: list[Value] = []
        for scope, kind, expr in cls.attrs.get(name, ()):
            fid = (cid[0], scope)
            values = self.annotation(expr, fid) if kind == "a" else self.of(expr, fid)
            if scope == cls.scope and kind == "v" and not values:
                values = self._class_level(cid, expr)
            found += values
        return found

    def _class_level(self, cid: ClassId, expr: Expr) -> Values:
        if expr and expr[0] == "n":
            return self.member(("t", cid), expr[1])
        return ()

    # --- the classes above and below

    def mro(self, cid: ClassId) -> tuple[list[ClassId], list[str]]:
        """Return a class and its ancestors of ours, and the dotted names of others below it."""
        known = self._mros.get(cid)
        if known is not None:
            return known
        above: list[ClassId] = []
        theirs: list[str] = []
        self._mros[cid] = ([cid], theirs)
        for expr in self.program.cls(cid).bases:
            for value in self.of(expr, (cid[0], self.program.cls(cid).scope)):
                if value[0] == "t" and value[1] != cid and value[1] not in above:
                    above.append(value[1])
                    theirs += [p for p in self.mro(value[1])[1] if p not in theirs]
                elif value[0] == "x":
                    theirs.append(value[1])
        ours = merged([*(self.mro(c)[0] for c in above), above])
        self._mros[cid] = ([cid, *(c for c in ours if c != cid)], theirs)
        return self._mros[cid]

    def subclasses(self, cid: ClassId) -> list[ClassId]:
        """Return every class below one of ours."""
        known = self._subclasses.get(cid)
        if known is None:
            known = self._subclasses[cid] = []
            name = _short(self.program.cls(cid).name)
            for child in self.program.children.get(name, ()):
                if child != cid and cid in self.mro(child)[0] and child not in known:
                    known.append(child)
                    known += [c for c in self.subclasses(child) if c not in known]
            if self._is_protocol(cid):
                known += [c for c in self._like(cid) if c not in known]
        return known

    def _is_protocol(self, cid: ClassId) -> bool:
        return any(path.endswith(".Protocol") for path in self.mro(cid)[1])

    def _like(self, cid: ClassId) -> Iterable[ClassId]:
        protocol = self.program.cls(cid).methods
        wanted = {
            name: self.program.function((cid[0], method)).is_async
            for name, method in protocol.items()
            if not name.startswith("__")
        }
        if not wanted:
            return
        count = 0
        for number, module in enumerate(self.program.modules):
            for index, cls in enumerate(module.facts.classes):
                if wanted.keys() <= cls.methods.keys() and (number, index) != cid and count < 12:
                    methods = module.facts.functions
                    if any(methods[cls.methods[n]].is_async != a for n, a in wanted.items()):
                        continue
                    count += 1
                    yield number, index


def merged(orders: list[list[ClassId]]) -> list[ClassId]:
    """Return one order of all classes that keeps each given order (C3); else the first come."""
    left = [list(order) for order in orders if order]
    found: list[ClassId] = []
    while left:
        heads = [order[0] for order in left]
        good = next((h for h in heads if not any(h in order[1:] for order in left)), heads[0])
        found.append(good)
        left = [rest for order in left if (rest := [c for c in order if c != good])]
    return found


def _short(name: str) -> str:
    return name.rpartition(".")[2]
