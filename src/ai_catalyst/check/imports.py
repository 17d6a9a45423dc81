"""What imports bind, written as statements or as names in texts."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ai_catalyst.check.answers import Answers
from ai_catalyst.check.facts import Expr
from ai_catalyst.check.program import FunctionId
from ai_catalyst.check.values import Value, Values

__all__ = ["Imports"]

_LOADERS = frozenset(
    {
        *("import_string", "import_from_string", "import_object", "import_class", "import_attr"),
        *("locate", "load_object", "load_class", "get_class", "resolve_name"),
    }
)


class Imports(Answers):
    """Finds modules and what they hold, by import statement and by dotted text."""

    def imported(self, module: int, bound: tuple[int, str, str]) -> Values:
        """Return what an import binds."""
        level, dotted, name = bound
        target, full = self.program.absolute(module, level, dotted)
        if not name:
            return (("m", target),) if target is not None else self._foreign(full)
        if target is None:
            below = self.program.find(module, f"{full}.{name}") if not level else None
            return (("m", below),) if below is not None else self._foreign(f"{full}.{name}")
        found = self.namespace(target, name)
        return found or ((("x", f"{full}.{name}"),) if self.catalogue.blocks(full) else ())

    def _foreign(self, dotted: str) -> Values:
        return (("x", self.catalogue.canonical(dotted)),)

    def namespace(self, module: int, name: str) -> Values:
        """Return what a module holds under a name: its own, or a module below it."""
        facts = self.program.modules[module].facts
        if not facts.functions:
            return ()
        found = self.name(name, (module, 0))
        if found and found != (("x", f"builtins.{name}"),):
            return found
        below = self.program.submodule(module, name)
        return (("m", below),) if below is not None else ()

    def named_module(self, call: Expr, fid: FunctionId) -> Values:
        """Return the module that ``import_module("a.b")`` or the like names in its text."""
        callee, arguments = call[1], call[2]
        if not (callee and callee[0] in ("n", "a") and "import" in callee[-1] and arguments):
            return ()
        first = arguments[0]
        if not first or first[0] != "k" or first[1] != "str" or not first[2]:
            return ()
        found = self.program.find(fid[0], first[2])
        if found is not None:
            return (("m", found),)
        top = first[2].partition(".")[0]
        known = top in self.catalogue.tops or top in sys.stdlib_module_names
        return self._foreign(first[2]) if known else ()

    def loads_by_name(self, path: str) -> bool:
        """Tell whether a function of another library turns a dotted text into what it names."""
        return path.rpartition(".")[2] in _LOADERS

    def named_in(self, call: Expr, fid: FunctionId) -> Iterable[Value]:
        """Return the classes that a call's arguments name as texts: ``load("a.b.C")``."""
        for argument in call[2] if call else ():
            for value in self.of(argument, fid):
                if value[0] == "y":
                    yield from self._by_text(value[1], fid)

    def _by_text(self, dotted: str, fid: FunctionId) -> Values:
        before, _, last = dotted.replace(":", ".").rpartition(".")
        module = self.program.find(fid[0], before)
        if module is not None:
            return self.namespace(module, last)
        return self._foreign(dotted) if before.partition(".")[0] in self.catalogue.tops else ()
