"""Requirements files and ``pyproject.toml`` name the libraries that the code uses now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ai_catalyst.check.migrate.plan import Plan

__all__ = ["mended", "requirement_files"]

_OLD = {"psycopg2": ("psycopg2", "psycopg2-binary"), "pymysql": ("pymysql",)}
_DRIVERS = {
    **dict.fromkeys(("psycopg2", "psycopg2-binary", "psycopg", "pg8000"), "asyncpg"),
    **dict.fromkeys(("pymysql", "mysqlclient", "mysql-connector-python"), "aiomysql"),
}
"""Drivers that SQLAlchemy's URLs name, and those of its async part."""

_BESIDE = {"pytest": "pytest-asyncio", "sqlalchemy": "greenlet"}
"""What is needed beside a library that stays."""

_REST = r"(?:\[[^\]]*\])?[ \t]*(?:[<>=!~;@][^\"'#\n]*?)?"


def requirement_files(folder: Path) -> Iterator[Path]:
    """Return the files of a project that name its dependencies."""
    for pattern in ("requirements*.txt", "requirements/*.txt", "pyproject.toml"):
        yield from sorted(path for path in folder.glob(pattern) if path.is_file())


def changes_of(plan: Plan, sources: str) -> dict[str, str]:
    """Return the new library for each old one that the new sources no longer import."""
    found = {}
    for driver in plan.drivers:
        for old in _OLD.get(driver.name, ()):
            found[old] = driver.target
    if plan.alchemy is not None:
        found.update(_DRIVERS)
    if plan.http:
        found["requests"] = "httpx"
    if plan.tests or plan.fixtures:
        found["pytest"] = _BESIDE["pytest"]
    found = {old: new for old, new in found.items() if old in _BESIDE or not _used(old, sources)}
    if plan.alchemy is not None:
        found["sqlalchemy"] = _BESIDE["sqlalchemy"]
    return found


def _used(old: str, sources: str) -> bool:
    module = {"mysqlclient": "MySQLdb", "mysql-connector-python": "mysql"}.get(old)
    return _imports(module or old.partition("-")[0], sources)


def _imports(name: str, sources: str) -> bool:
    return bool(re.search(rf"^\s*(?:import|from)\s+{name}\b", sources, re.MULTILINE))


def mended(name: str, text: str, plan: Plan, sources: str) -> str:
    """Return a file of dependencies with the new libraries in the places of the old."""
    quoted = name.endswith(".toml")
    for old, new in changes_of(plan, sources).items():
        if _pattern(new, quoted=quoted).search(text):
            if old not in _BESIDE:
                text = _pattern(old, quoted=quoted, whole=True).sub("", text)
        elif old in _BESIDE:
            text = _pattern(old, quoted=quoted, whole=True).sub(
                rf"\g<0>\g<lead>{new}\g<end>", text, 1
            )
        else:
            text = _pattern(old, quoted=quoted, whole=True).sub(rf"\g<lead>{new}\g<end>", text, 1)
    return text


def _pattern(name: str, *, quoted: bool, whole: bool = False) -> re.Pattern[str]:
    """Match a requirement: ``lead`` is what stands before its name, ``end`` what follows it."""
    word = re.escape(name).replace("\\-", "[-_.]")
    if quoted:
        tail = r"\s*,?" if whole else ""
        text = rf"(?P<lead>\s*[\"'])(?<!=)(?:{word}){_REST}(?P<end>[\"']{tail})"
    else:
        text = rf"(?P<lead>^[ \t]*){word}{_REST}(?P<end>[ \t]*(?:#[^\n]*)?(?:\n|\Z))"
    return re.compile(text, re.IGNORECASE | re.MULTILINE)
