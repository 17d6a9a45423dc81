"""The imports of a migrated file, and the helpers below them."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor, RemoveImportsVisitor

from ai_catalyst.check.migrate.helpers import NEEDS, with_helpers
from ai_catalyst.check.migrate.names import imported_names

__all__ = ["with_imports"]

_UNUSED = (
    *(("time", None), ("requests", None), ("time", "sleep"), ("contextlib", "contextmanager")),
    *(("contextlib", "closing"), ("contextlib", None), ("subprocess", None)),
    *(("subprocess", name) for name in ("run", "check_output", "check_call", "call", "Popen")),
    ("unittest", "TestCase"),
    *(("urllib.request", name) for name in ("urlopen", "urlretrieve")),
)


def with_imports(
    module: cst.Module,
    context: CodemodContext,
    names: set[str],
    asked: Collection[str],
    left: set[tuple[str, str]],
) -> cst.Module:
    """Return a file with the imports it needs, the helpers it asks for, without what is left over.

    ``left`` are names that may be left over, each with its module.
    """
    before = module.code if asked else ""
    helpers = [name for name in asked if not _defines(before, name)]
    needed = {*names, *(part for name in helpers for part in NEEDS[name])}
    for name in sorted(needed):
        home, _, item = name.rpartition(".")
        if name.startswith("import "):
            AddImportsVisitor.add_needed_import(context, name.removeprefix("import "))
        elif home and not name.startswith("redis"):
            AddImportsVisitor.add_needed_import(context, home, item)
        else:
            AddImportsVisitor.add_needed_import(context, name)
    if needed:
        module = AddImportsVisitor(context).transform_module(module)
    if helpers:
        module = with_helpers(module, helpers)
    known = set(imported_names(module).values())
    wanted = [
        (unused, part)
        for unused, part in (*left, *_UNUSED)
        if (f"{unused}.{part}" if part else unused) in known
    ]
    if not wanted:
        return module
    for unused, part in wanted:
        RemoveImportsVisitor.remove_unused_import(context, unused, part)
    return RemoveImportsVisitor(context).transform_module(module)


def _head(name: str) -> str:
    return name.partition(" ")[0]


def _defines(source: str, name: str) -> bool:
    return f"def {_head(name)}(" in source or f"class {_head(name)}:" in source
