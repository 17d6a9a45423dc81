"""The schema: scripts, metadata, snapshot and the known versions all say the same."""

import asyncio
import sqlite3
from importlib import resources
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from known_tables import OPTIONS
from sqlalchemy import create_engine

from ai_catalyst.errors import StoreError
from ai_catalyst.store import Store, schema
from ai_catalyst.store.forget import DOCUMENT_COLUMNS
from ai_catalyst.store.migrations.snapshot import snapshot
from ai_catalyst.store.tables import metadata


def tables_of(path: Path) -> list[tuple]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return rows


async def opened(path: Path) -> None:
    async with Store(path) as store:
        await store.start_run("x")


def test_the_known_versions_are_the_scripts_in_their_order() -> None:
    scripts = ScriptDirectory.from_config(schema.configuration())
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(schema.HISTORY)
    assert scripts.get_heads() == [schema.HEAD]


def test_the_snapshot_is_what_the_scripts_make() -> None:
    shipped = resources.files("ai_catalyst.store").joinpath("schema.sql").read_text("utf-8")
    assert shipped == snapshot(), "run python -m ai_catalyst.store.migrations.snapshot"


def test_the_scripts_make_what_the_metadata_says() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema.upgrade(connection)
        context = MigrationContext.configure(connection, opts=OPTIONS)
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_scripts_can_be_taken_back() -> None:
    from alembic import command

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema.upgrade(connection)
        config = schema.configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert {row[0] for row in rows} <= {"alembic_version", "sqlite_sequence"}
    engine.dispose()


def test_every_column_that_names_a_document_is_known_to_forget() -> None:
    named = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.info.get("document")
    }
    assert named == set(DOCUMENT_COLUMNS)


def test_a_new_file_is_made_at_head_and_in_wal_mode(path: Path) -> None:
    asyncio.run(opened(path))
    connection = sqlite3.connect(path)
    assert schema.version_of(connection) == schema.HEAD
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_file_with_other_tables_gets_ours_beside_them(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs(x)")
    connection.execute("INSERT INTO theirs VALUES (1)")
    connection.commit()
    connection.close()
    asyncio.run(opened(path))
    names = {name for name, _ in tables_of(path)}
    assert {"theirs", "journal", "alembic_version"} <= names
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT x FROM theirs").fetchall() == [(1,)]
    assert schema.version_of(connection) == schema.HEAD
    connection.close()


def test_an_upgrade_that_fails_changes_nothing(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE egress(x)")  # in the way of the first script
    connection.commit()
    connection.close()
    before = tables_of(path)
    with pytest.raises(sqlite3.OperationalError, match="egress already exists"):
        asyncio.run(opened(path))
    assert tables_of(path) == before


def test_a_store_of_a_newer_version_is_refused_by_name(path: Path) -> None:
    asyncio.run(opened(path))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=r"newer version \(schema 9999, this program knows"):
        asyncio.run(opened(path))


def test_a_schema_change_waits_for_the_one_under_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_LOCK_WAIT_S", 0.05)
    path.parent.mkdir()
    path.touch()
    with schema._alone(path), pytest.raises(StoreError, match="upgraded by another process"):
        schema.bring_up(path)
    schema.bring_up(path)
    schema.bring_up(path)  # there already: nothing to do
