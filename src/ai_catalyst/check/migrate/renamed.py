"""What a file's names are called in the async libraries: exceptions, types, test cases."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from ai_catalyst.check.migrate.alchemy import ALCHEMY
from ai_catalyst.check.migrate.libraries import HTTP_NAMES
from ai_catalyst.check.migrate.names import Renaming, imported_names, without_unused
from ai_catalyst.check.migrate.plan import Plan

__all__ = ["renamed", "with_async_cases"]


def renamed(module: cst.Module, plan: Plan, needed: set[str]) -> cst.Module:
    """Call exceptions and types what the async libraries call them."""
    names = imported_names(module)
    tables: list[tuple[str, str, Callable[[str], str | None]]] = [
        (driver.name, driver.target, driver.renamed)
        for driver in plan.drivers
        if driver is not ALCHEMY
    ]
    if plan.http:
        tables.append(("requests", "httpx", HTTP_NAMES.get))
    for library, target, change in tables:
        renaming = Renaming(names, change)
        module = module.visit(renaming)
        if renaming.used:
            needed.add(target)
        module = _annotated(module, names, library)
        module = without_unused(module, library)
    return module


def _annotated(module: cst.Module, names: dict[str, str], library: str) -> cst.Module:
    """A connection's type in an annotation is the helper that lends connections now."""
    kinds = {
        "psycopg2": ("psycopg2.extensions.connection", "psycopg2.extensions.cursor"),
        "pymysql": ("pymysql.connections.Connection", "pymysql.cursors.Cursor"),
    }.get(library, ())
    table = dict.fromkeys(kinds, "object")
    return module.visit(Renaming(names, table.get)) if kinds else module


def with_async_cases(module: cst.Module, needed: set[str]) -> cst.Module:
    """Test cases have a loop; their sync tests run as before."""
    table = {"unittest.TestCase": "unittest.IsolatedAsyncioTestCase"}
    renaming = Renaming(imported_names(module), table.get)
    module = module.visit(renaming)
    needed.update(["unittest"] if renaming.used else [])
    return module
