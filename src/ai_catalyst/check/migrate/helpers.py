"""The few lines that a migrated file gets below its imports, as source text."""

from __future__ import annotations

import libcst as cst

from ai_catalyst.check.migrate import database_texts, network_texts

__all__ = ["HELPERS", "NEEDS", "with_helpers"]

HELPERS = {
    "_http": network_texts.HTTP,
    "_run": network_texts.RUN,
    "_Process": network_texts.POPEN,
    "_urlopen": network_texts.URLOPEN,
    "_urlretrieve": network_texts.URLRETRIEVE,
    "_Database": database_texts.POSTGRES,
    "_Database mysql": database_texts.MYSQL,
    "_sql": database_texts.SQL,
    "_row": database_texts.ROW,
    "_parts_of": database_texts.PARTS,
    "_write_to": database_texts.OUTPUT,
    "_async_url": database_texts.URL,
    "_at_import": database_texts.IMPORT,
}

_DATABASE = ("asyncio", "contextlib", "contextvars")
_FETCHING = ("asyncio", "httpx", "import email.message", "import urllib.error")
NEEDS: dict[str, tuple[str, ...]] = {
    "_http": ("httpx",),
    "_run": ("asyncio", "os", "subprocess"),
    "_Process": ("asyncio", "os", "subprocess"),
    "_urlopen": (*_FETCHING, "io", "import urllib.request", "import urllib.response"),
    "_urlretrieve": _FETCHING,
    "_Database": (*_DATABASE, "asyncpg", "json", "shlex"),
    "_Database mysql": (*_DATABASE, "aiomysql"),
    "_sql": ("re",),
    "_row": (),
    "_parts_of": ("asyncio",),
    "_write_to": ("asyncio", "io"),
    "_async_url": ("sqlalchemy.engine.make_url",),
    "_at_import": ("asyncio", "concurrent.futures.ThreadPoolExecutor"),
}
"""What each helper imports; ``import a.b`` is that of a whole module."""


def with_helpers(module: cst.Module, names: list[str]) -> cst.Module:
    """Put helpers below the last import at the top of a module."""
    body = list(module.body)
    last = max((i for i, statement in enumerate(body) if _imports(statement)), default=-1)
    if last < 0 and body and _is_docstring(body[0]):
        last = 0
    blank = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]
    made = [
        statement.with_changes(leading_lines=blank)
        for name in names
        for statement in cst.parse_module(HELPERS[name]).body
    ]
    rest = body[last + 1 :]
    if rest and len(getattr(rest[0], "leading_lines", blank)) < len(blank):
        lines = [line for line in rest[0].leading_lines if line.comment is not None]
        rest[0] = rest[0].with_changes(leading_lines=[*blank, *lines])
    return module.with_changes(body=[*body[: last + 1], *made, *rest])


def _imports(statement: cst.CSTNode) -> bool:
    if isinstance(statement, cst.SimpleStatementLine):
        return isinstance(statement.body[0], cst.Import | cst.ImportFrom)
    if isinstance(statement, cst.If | cst.Try):
        inner = statement.body.body
        return bool(inner) and all(_imports(item) for item in inner)
    return False


def _is_docstring(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)
    )
