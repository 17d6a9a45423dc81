"""All files together: which module is which, and what a name leads to."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ai_catalyst.check.catalogue import Catalogue
from ai_catalyst.check.facts import ClassFacts, Event, Expr, FileFacts, FunctionFacts

__all__ = ["ClassId", "FunctionId", "Module", "Program"]

FunctionId = tuple[int, int]
ClassId = tuple[int, int]

_BUILTINS = frozenset(dir(builtins)) | {"unicode", "raw_input", "file", "copy_context"}
_FOREIGN = frozenset(sys.stdlib_module_names)


@dataclass(slots=True)
class Module:
    """One file: its path as shown, its dotted place below the top, its facts."""

    path: str
    parts: tuple[str, ...]
    roots: tuple[tuple[str, ...], ...]
    is_package: bool
    facts: FileFacts


class Program:
    """The files that were read, and the ways from one to another."""

    def __init__(self, files: Mapping[str, FileFacts], catalogue: Catalogue) -> None:
        """Take facts by path; paths are posix, relative to one common top."""
        self.catalogue = catalogue
        packages = {str(PurePosixPath(p).parent) for p in files if p.endswith("__init__.py")}
        self.modules = [_module(path, facts, packages) for path, facts in files.items()]
        self.by_parts = {module.parts: i for i, module in enumerate(self.modules)}
        self.by_last: dict[str, list[int]] = {}
        self.children: dict[str, list[ClassId]] = {}
        self.calls_of: dict[str, list[tuple[FunctionId, Event]]] = {}
        self.state: dict[str, list[tuple[FunctionId, Expr, Expr]]] = {}
        self.decorated_by: dict[str, list[FunctionId]] = {}
        self.properties: set[str] = set()
        self.dunders: set[str] = set()
        self._found: dict[tuple[int, str], int | None] = {}
        for number, module in enumerate(self.modules):
            if module.parts:
                self.by_last.setdefault(module.parts[-1], []).append(number)
            self._index(number, module.facts)

    def _index(self, number: int, facts: FileFacts) -> None:
        for attribute, function, expr, base in facts.state:
            self.state.setdefault(attribute, []).append(((number, function), expr, base))
        for index, cls in enumerate(facts.classes):
            for base in filter(None, map(_last, cls.bases)):
                self.children.setdefault(base, []).append((number, index))
            self.dunders.update(name for name in cls.methods if name.startswith("__"))
            for name, method in cls.methods.items():
                if any("property" in (_last(d) or "") for d in facts.functions[method].decorators):
                    self.properties.add(name)
        for index, facts_of in enumerate(facts.functions):
            for name in filter(None, map(_last, facts_of.decorators)):
                self.decorated_by.setdefault(name, []).append((number, index))
            for event in facts_of.events:
                callee = _last(event.expr[1]) if event.kind == "c" else None
                if callee:
                    self.calls_of.setdefault(callee, []).append(((number, index), event))

    def function(self, fid: FunctionId) -> FunctionFacts:
        """Return the facts of a function."""
        return self.modules[fid[0]].facts.functions[fid[1]]

    def is_inside(self, fid: FunctionId, outer: FunctionId) -> bool:
        """Tell whether a function is written inside another one."""
        functions = self.modules[fid[0]].facts.functions
        number = fid[1]
        while number > 0 and fid[0] == outer[0]:
            number = functions[number].parent
            if number == outer[1]:
                return True
        return False

    def cls(self, cid: ClassId) -> ClassFacts:
        """Return the facts of a class."""
        return self.modules[cid[0]].facts.classes[cid[1]]

    def functions(self) -> Iterator[FunctionId]:
        """Return every function of every module."""
        for number, module in enumerate(self.modules):
            for index in range(1, len(module.facts.functions)):
                yield number, index

    def is_builtin(self, name: str) -> bool:
        """Tell whether a name is one of Python's own."""
        return name in _BUILTINS

    def find(self, importer: int, dotted: str) -> int | None:
        """Return the module that an absolute import names, seen from a module; None: not ours."""
        key = (importer, dotted)
        if key not in self._found:
            self._found[key] = self._find(importer, tuple(dotted.split(".")))
        return self._found[key]

    def _find(self, importer: int, parts: tuple[str, ...]) -> int | None:
        for root in self.modules[importer].roots:
            found = self.by_parts.get((*root, *parts))
            if found is not None:
                return found
        if parts[0] in _FOREIGN or parts[0] in self.catalogue.tops:
            return None
        fitting = [
            number
            for number in self.by_last.get(parts[-1], ())
            if len(parts) > 1 and self.modules[number].parts[-len(parts) :] == parts
        ]
        return fitting[0] if len(fitting) == 1 else None

    def absolute(self, importer: int, level: int, dotted: str) -> tuple[int | None, str]:
        """Return the module (and the full name) that an import with so many dots means."""
        if not level:
            return self.find(importer, dotted), dotted
        module = self.modules[importer]
        up = level - 1 if module.is_package else level
        parts = module.parts[: len(module.parts) - up] if up else module.parts
        parts += tuple(dotted.split(".")) if dotted else ()
        return self.by_parts.get(parts), ".".join(parts)

    def submodule(self, module: int, name: str) -> int | None:
        """Return the module below a package."""
        return self.by_parts.get((*self.modules[module].parts, name))


def _module(path: str, facts: FileFacts, packages: set[str]) -> Module:
    pure = PurePosixPath(path)
    is_package = pure.name == "__init__.py"
    folder = pure.parent
    parts = folder.parts if is_package else (*folder.parts, pure.stem)
    top = folder
    while str(top) in packages and top.parts:
        top = top.parent
    roots = [top.parts[:n] for n in range(len(top.parts), -1, -1)]
    roots += [(*root, "src") for root in roots if root[-1:] != ("src",)]
    return Module(path, parts, tuple(roots), is_package, facts)


def _last(expr: Expr) -> str | None:
    while expr and expr[0] in ("c", "i"):
        expr = expr[1]
    return expr[-1] if expr and expr[0] in ("n", "a") else None
