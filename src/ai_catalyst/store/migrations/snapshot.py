"""Print the schema that the scripts make on SQLite: ``schema.sql`` is its output.

Run ``python -m ai_catalyst.store.migrations.snapshot > src/ai_catalyst/store/schema.sql`` after
each new script.
"""

from __future__ import annotations

import sys

__all__ = ["snapshot"]


def snapshot() -> str:
    """Return the statements that make a new store at head."""
    from sqlalchemy import create_engine

    from ai_catalyst.store.schema import HEAD, upgrade

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
            "AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') "
            "ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, "
            "sql LIKE 'CREATE VIRTUAL%', name"
        )
        statements = [str(row[0]).replace("\t", "    ").replace(" \n", "\n") for row in rows]
    engine.dispose()
    stamp = f"INSERT INTO alembic_version (version_num) VALUES ('{HEAD}')"  # noqa: S608 - ours
    return "".join(f"{statement};\n" for statement in [*statements, stamp])


if __name__ == "__main__":
    sys.stdout.write(snapshot())
