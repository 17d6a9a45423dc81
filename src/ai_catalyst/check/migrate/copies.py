"""``COPY`` of a psycopg2 cursor becomes asyncpg's ``copy_to_table`` and ``copy_from_table``."""

from __future__ import annotations

import re

import libcst as cst

from ai_catalyst.check.migrate.nodes import code_of, last_name
from ai_catalyst.check.migrate.placeholders import Untranslatable

__all__ = ["COPIES", "copied"]

COPIES = ("copy_from", "copy_to", "copy_expert")
"""The ways in which a cursor copies."""

_OPTIONS = {"sep": "delimiter", "null": "null", "columns": "columns"}
_ORDER = ("file", "table", "sep", "null", "columns")
_DEFAULTS = {"sep": r"'\t'", "null": r"'\\N'"}
_COPY = re.compile(
    r"""\s*copy\s+(?:(?P<schema>\w+)\.)?(?P<table>\w+)\s*(?:\((?P<columns>[\w\s,]+)\))?
    \s*(?P<way>from\s+stdin|to\s+stdout)\s*(?:with\b)?\s*\(?(?P<options>[^()]*)\)?\s*;?\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_OPTION = re.compile(
    r"""\s*(?:(?P<format>(?:format\s+)?(?:csv|text|binary))|(?P<header>header(?:\s+true)?)
    |(?P<name>delimiter|null|quote|escape|encoding)\s+(?:as\s+)?(?P<value>'[^']*'))\s*(?:,|(?=\s)|$)""",
    re.IGNORECASE | re.VERBOSE,
)


def copied(call: cst.Call, cursor: str) -> tuple[cst.Call, str]:
    """Return the call on an asyncpg connection, and the helper it needs.

    Raises `Untranslatable` for options that asyncpg does not know.
    """
    name = last_name(call.func)
    if any(arg.star for arg in call.args):
        raise Untranslatable(f"{name} with arguments that cannot be told apart")
    if name == "copy_expert":
        file, words, out = _expert(call)
    else:
        file, words, out = _plain(call, out=name == "copy_to")
    helper = "_write_to" if out else "_parts_of"
    method, stream = ("copy_from_table", "output") if out else ("copy_to_table", "source")
    text = f"{cursor}.{method}({words[0]}, {stream}={helper}({file})"
    made = cst.parse_expression(", ".join([text, *words[1:]]) + ")")
    return cst.ensure_type(made, cst.Call), helper


def _plain(call: cst.Call, *, out: bool) -> tuple[str, list[str], bool]:
    given = dict(_DEFAULTS)
    for index, arg in enumerate(call.args):
        name = arg.keyword.value if arg.keyword else _ORDER[min(index, 4)]
        if name not in _ORDER and name != "size":
            raise Untranslatable(f"copy with {name}=")
        given[name] = code_of(arg.value)
    if "file" not in given or "table" not in given:
        raise Untranslatable("copy without a file or a table")
    options = {_OPTIONS[name]: text for name, text in given.items() if name in _OPTIONS}
    kept = {
        name: text
        for name, text in options.items()
        if text not in ("None", *_DEFAULTS.values()) or (name == "columns" and text != "None")
    }
    return given["file"], [given["table"], *(f"{n}={t}" for n, t in kept.items())], out


def _expert(call: cst.Call) -> tuple[str, list[str], bool]:
    if len(call.args) < 2 or not isinstance(call.args[0].value, cst.SimpleString):
        raise Untranslatable("copy_expert with SQL that is put together at run time")
    sql = str(call.args[0].value.evaluated_value)
    found = _COPY.fullmatch(sql)
    if found is None:
        raise Untranslatable("copy_expert with SQL that asyncpg's copy cannot say")
    words = [f'"{found["table"]}"']
    if found["schema"]:
        words.append(f'schema_name="{found["schema"]}"')
    if found["columns"]:
        names = [part.strip() for part in found["columns"].split(",")]
        words.append(f"columns={names!r}".replace("'", '"'))
    words += _options(found["options"])
    return code_of(call.args[1].value), words, found["way"].lower().startswith("to")


def _options(text: str) -> list[str]:
    words: list[str] = []
    end = 0
    text = text.strip()
    while end < len(text):
        found = _OPTION.match(text, end)
        if found is None or found.end() == end:
            raise Untranslatable(f"copy_expert with {text[end:].split()[0]}")
        end = found.end()
        if found["format"]:
            words.append(f'format="{found["format"].split()[-1].lower()}"')
        elif found["header"]:
            words.append("header=True")
        else:
            words.append(f"{found['name'].lower()}={found['value']}")
    return words
