"""COPY, cursors of the server and commits of psycopg2: what asyncpg can say, and what it cannot."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from ai_catalyst.check.migrate import migrate
from ai_catalyst.check.migrate.copies import copied
from ai_catalyst.check.migrate.placeholders import Untranslatable


def asyncpg(call: str) -> str:
    """Return the source of a call after its translation."""
    node = cst.ensure_type(cst.parse_expression(call), cst.Call)
    return cst.Module([]).code_for_node(copied(node, "cur")[0])


SAID = [
    ('cur.copy_from(f, "t")', 'cur.copy_to_table("t", source=_parts_of(f))'),
    (
        'cur.copy_from(f, "t", sep=",", null="", columns=("a", "b"))',
        'cur.copy_to_table("t", source=_parts_of(f), delimiter=",", null="", columns=("a", "b"))',
    ),
    ("cur.copy_to(f, table)", "cur.copy_from_table(table, output=_write_to(f))"),
    (
        'cur.copy_expert("COPY s.t (a, b) FROM STDIN", f)',
        'cur.copy_to_table("t", source=_parts_of(f), schema_name="s", columns=["a", "b"])',
    ),
    (
        "cur.copy_expert(\"copy t from stdin (format csv, null '-')\", f)",
        'cur.copy_to_table("t", source=_parts_of(f), format="csv", null=\'-\')',
    ),
    (
        'cur.copy_expert("copy t to stdout with csv header", f)',
        'cur.copy_from_table("t", output=_write_to(f), format="csv", header=True)',
    ),
]


@pytest.mark.parametrize(("before", "after"), SAID)
def test_a_copy_keeps_its_options(before: str, after: str) -> None:
    assert asyncpg(before) == after


ODD = [
    'cur.copy_expert(f"copy {t} from stdin", f)',
    'cur.copy_expert("copy (select 1) to stdout", f)',
    'cur.copy_expert("copy t from stdin with (force_not_null (a))", f)',
    "cur.copy_from(*arguments)",
]


@pytest.mark.parametrize("call", ODD)
def test_a_copy_that_asyncpg_cannot_say_is_refused(call: str) -> None:
    with pytest.raises(Untranslatable):
        asyncpg(call)


MIXED = """import psycopg2


def a():
    conn = psycopg2.connect("")
    conn.autocommit = True
    cur = conn.cursor()
    cur.execute("vacuum")


def b():
    conn = psycopg2.connect("")
    cur = conn.cursor()
    cur.execute("delete from t")
    conn.commit()
"""
NOT_AT_ONCE = """import psycopg2


def f():
    conn = psycopg2.connect("")
    cur = conn.cursor("rows")
    cur.execute("select 1")
    return cur.fetchmany(5)
"""


@pytest.mark.parametrize(
    ("source", "reason"),
    [(MIXED, "some connections commit by themselves"), (NOT_AT_ONCE, "no loop goes through")],
)
def test_what_keeps_psycopg2_is_named(source: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(source)
    migration = migrate(tmp_path)
    assert "asyncpg" not in migration.after.get("app.py", "")
    assert [why for *_, what, why in migration.kept if what == "psycopg2" and reason in why]
