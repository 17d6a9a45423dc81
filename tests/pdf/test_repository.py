"""`ExtractionRepository`: the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import hashlib
import os
import socket
import sqlite3
import subprocess
import sys
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.repository import ExtractionRepository
from ai_catalyst.pdf.repository_snippet import snippet
from ai_catalyst.pdf.repository_values import dump, load, plain
from ai_catalyst.store import DatabaseManager, Store, schema

POSTGRES = os.environ.get(
    "CATALYST_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test"
).replace("+asyncpg", "")
PAGES = (
    PageText(1, "Rechnung über Äpfel, Jane Doe", "Rechnung", width=595.0, height=842.0),
    PageText(2, "Zweite Seite mit Birnen", "Zweite"),
)
FOUND = Extraction(
    {
        "number": "R-17",
        "total": Decimal("1234.50"),
        "date": dt.date(2026, 3, 1),
        "items": [{"n": 1}],
    },
    {"number": Evidence(1, "Nr. R-17", (10.0, 20.0, 60.0, 32.0), 0.9, "label")},
)
MARKER = "Quittenmarmelade"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    asyncpg = pytest.importorskip("asyncpg")
    parts = urlsplit(POSTGRES)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), 2).close()
    except OSError:
        if os.environ.get("CI") == "true":
            pytest.fail("no PostgreSQL: set CATALYST_TEST_POSTGRES_URL")
        pytest.skip("no PostgreSQL: set CATALYST_TEST_POSTGRES_URL")
    name = f"catalyst_test_{uuid.uuid4().hex[:12]}"

    async def tell(statement: str) -> None:
        connection = await asyncpg.connect(POSTGRES)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(tell(f"CREATE DATABASE {name}"))
    yield parts._replace(scheme="postgresql+asyncpg", path=f"/{name}").geturl()
    asyncio.run(tell(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["file", "memory", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    kinds = {"file": str(tmp_path / "a.db"), "memory": "sqlite://"}
    return kinds.get(request.param) or str(request.getfixturevalue("postgres"))


@pytest.fixture
async def repository(where: str) -> AsyncIterator[ExtractionRepository]:
    async with DatabaseManager(where) as manager:
        if manager.path is None:
            async with manager.async_pool() as connection:
                await connection.execute("TRUNCATE pdf_documents RESTART IDENTITY CASCADE")
        async with ExtractionRepository(manager) as opened:
            yield opened


async def kept(repository: ExtractionRepository, name: str = "a.pdf", content: str = "x") -> int:
    return await repository.save(name, sha(content), PAGES, FOUND, "OK", "classic")


async def test_what_is_saved_comes_back_with_types_and_evidence(
    repository: ExtractionRepository,
) -> None:
    found = await repository.get(await kept(repository))
    assert found.data == FOUND.data
    assert found.evidence == FOUND.evidence
    assert (found.file_name, found.sha256, found.outcome) == ("a.pdf", sha("x"), "OK")
    assert (found.method, found.pages, found.corrections) == ("classic", 2, ())


async def test_pages_come_back_in_their_order(repository: ExtractionRepository) -> None:
    pages = await repository.pages(await kept(repository))
    assert [(page.number, page.text, page.width) for page in pages] == [
        (page.number, page.text, page.width) for page in PAGES
    ]


async def test_the_same_again_is_the_same_record_and_another_result_a_new_one(
    repository: ExtractionRepository,
) -> None:
    first = await kept(repository)
    assert await kept(repository) == first
    other = await repository.save(
        "a.pdf", sha("x"), PAGES, Extraction({"number": "R-18"}), "OK", "classic"
    )
    assert other != first
    assert await kept(repository, name="copy.pdf") not in {first, other}
    assert await repository.count() == 3


async def test_savers_of_one_document_at_once_make_one_record(
    repository: ExtractionRepository,
) -> None:
    assert len(set(await asyncio.gather(*(kept(repository) for _ in range(8))))) == 1


async def test_a_correction_holds_and_what_was_there_before_stays(
    repository: ExtractionRepository,
) -> None:
    db_id = await kept(repository)
    await repository.correct(db_id, "number", "R-77", who="Jane")
    await repository.correct(db_id, "number", "R-78", who="John")
    found = await repository.get(db_id)
    assert found.data["number"] == "R-78"
    assert found.original["number"] == "R-17"
    assert [(one.who, one.before, one.after) for one in found.corrections] == [
        ("Jane", "R-17", "R-77"),
        ("John", "R-77", "R-78"),
    ]
    assert await kept(repository) == db_id
    assert (await repository.get(db_id)).data["number"] == "R-78"


async def test_of_two_people_who_change_one_value_the_second_is_told(
    repository: ExtractionRepository,
) -> None:
    db_id = await kept(repository)
    answers = await asyncio.gather(
        *(
            repository.correct(db_id, "number", f"R-{who}", who=who, seen="R-17")
            for who in ("Jane", "John")
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, StoreError)]
    assert len(refused) == 1
    assert "was changed by J" in str(refused[0])
    assert len((await repository.get(db_id)).corrections) == 1


@pytest.mark.parametrize("db_id", [999, 0, -1, 2**70, "1", True, None])
async def test_an_unknown_id_is_named(repository: ExtractionRepository, db_id: object) -> None:
    for ask in (repository.get, repository.pages):
        with pytest.raises(UserError, match=str(db_id)):
            await ask(db_id)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=str(db_id)):
        await repository.correct(db_id, "number", "x")  # type: ignore[arg-type]


async def test_an_unknown_field_is_named(repository: ExtractionRepository) -> None:
    db_id = await kept(repository)
    with pytest.raises(UserError, match="no field 'numbr'"):
        await repository.correct(db_id, "numbr", "x")


async def test_a_field_that_was_not_found_can_be_filled_in(
    repository: ExtractionRepository,
) -> None:
    db_id = await kept(repository)
    await repository.correct(db_id, "vat_id", "DE1", who="Jane", seen=None, add=True)
    found = await repository.get(db_id)
    assert (found.data["vat_id"], found.corrections[0].before) == ("DE1", None)
    assert "vat_id" not in found.original


async def test_words_are_found_on_their_page_whatever_their_case(
    repository: ExtractionRepository,
) -> None:
    db_id = await kept(repository)
    (hit,) = await repository.search("BIRNEN zweite")
    assert (hit.db_id, hit.file_name, hit.page) == (db_id, "a.pdf", 2)
    assert "⟦Birnen⟧" in hit.snippet
    assert [hit.page for hit in await repository.search("rechn")] == [1]
    assert await repository.search("Birnen Rechnung") == []
    for odd in ('"', "* ^ ( ) NEAR(", "", "!!!", "a OR", "NOT x", "\x00", ":"):
        await repository.search(odd)


def test_a_snippet_shows_the_words_around_the_first_one_found() -> None:
    text = " ".join(f"word{n}" for n in range(50)) + " Äpfel, Birnen\n und " + "ende " * 40
    shown = snippet(text, ["birn"])
    assert shown.startswith("…word43 ")
    assert "Äpfel, ⟦Birnen⟧ und ende" in shown
    assert shown.endswith("ende…")
    assert snippet("Äpfel", ["apfel"]) == "⟦Äpfel⟧"
    assert snippet("nothing here", ["pears"]) == "nothing here"


@given(st.text(max_size=200), st.lists(st.from_regex(r"\A\w+\Z"), min_size=1, max_size=3))
def test_a_snippet_of_any_text_is_one_line(text: str, words: list[str]) -> None:
    assert len(snippet(text, words).splitlines()) <= max(1, len(text[:120].splitlines()))


async def test_new_text_of_a_document_replaces_the_old_in_the_search(
    repository: ExtractionRepository,
) -> None:
    await kept(repository)
    again = (PageText(1, "Kirschen", "Kirschen", source="ocr"),)
    await repository.save("a.pdf", sha("x"), again, FOUND, "OK", "classic")
    assert await repository.search("Birnen") == []
    assert len(await repository.search("Kirschen")) == 1
    await repository.save("a.pdf", sha("x"), (), Extraction(), "TIMEOUT", "classic")
    assert len(await repository.search("Kirschen")) == 1


async def test_the_list_goes_page_by_page_from_the_newest(
    repository: ExtractionRepository,
) -> None:
    ids = [await kept(repository, f"file-{n}.pdf", str(n)) for n in range(5)]
    await repository.correct(ids[4], "number", "y")
    first = await repository.list(2)
    assert [line.db_id for line in first] == ids[4:2:-1]
    assert [line.corrections for line in first] == [1, 0]
    rest = await repository.list(before=first[-1].db_id)
    assert [line.db_id for line in rest] == ids[2::-1]
    assert [line.file_name for line in await repository.list(name="LE-3")] == ["file-3.pdf"]
    assert await repository.list(name="file_3") == []
    with pytest.raises(UserError, match="limit"):
        await repository.list(0)


async def test_odd_text_is_kept_and_nothing_breaks(repository: ExtractionRepository) -> None:
    odd = "a\x00b\ud800c'; DROP TABLE pdf_records; --"
    db_id = await repository.save(
        odd, sha("o"), (PageText(1, odd, odd),), Extraction({odd: odd}), "PARTIAL", "classic"
    )
    found = await repository.get(db_id)
    assert list(found.data) == ["a\\x00b\\ud800c'; DROP TABLE pdf_records; --"]
    assert await repository.count() == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.datetimes()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=8,
)  # fmt: skip


@given(values)
def test_values_survive_with_their_types(value: object) -> None:
    cleaned = load(dump(value))  # NUL and lone surrogates are written as escapes
    assert load(dump(cleaned)) == cleaned
    assert type(cleaned) is type(value)


def test_plain_values_are_what_json_has() -> None:
    value = {"a": Decimal("1.50"), "b": (dt.date(2026, 1, 2), Decimal(3)), "c": {1}, "d": Path("x")}
    assert plain(value) == {"a": 1.5, "b": ["2026-01-02", 3], "c": [1], "d": "x"}


def test_the_sync_twins_do_the_same(tmp_path: Path) -> None:
    with ExtractionRepository(tmp_path / "a.db") as repository:
        db_id = repository.save_sync("a.pdf", sha("x"), PAGES, FOUND, "OK", "classic")
        repository.correct_sync(db_id, "number", "1")
        assert repository.get_sync(db_id).data["number"] == "1"
        assert len(repository.pages_sync(db_id)) == repository.get_sync(db_id).pages == 2
        assert repository.search_sync("Birnen")[0].db_id == repository.list_sync()[0].db_id
        assert repository.count_sync() == 1


async def test_by_default_it_is_the_store_of_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    async with ExtractionRepository() as repository:
        await kept(repository)
    async with Store() as store, ExtractionRepository(store) as repository:
        assert await repository.count() == 1
    assert (tmp_path / "home" / "catalyst.db").stat().st_mode & 0o077 == 0


async def test_forgetting_a_file_leaves_no_trace_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    secret = Extraction({"name": MARKER}, {"name": Evidence(1, MARKER, None, 1.0, "label")})
    async with Store(path) as store, ExtractionRepository(store) as repository:
        pages = (PageText(1, f"mit {MARKER} und Brot", MARKER),)
        first = await repository.save("in/a.pdf", sha("a"), pages, secret, "OK", "classic")
        await repository.save("in/copy.pdf", sha("a"), pages, secret, "OK", "classic")
        await repository.correct(first, "name", f"{MARKER}!", who="Jane")
        other = await kept(repository, "b.pdf", "b")
        forgotten = await store.forget("in/a.pdf")
        assert forgotten.documents == 1
        assert [line.db_id for line in await repository.list()] == [other]
        assert await repository.search(MARKER) == []
        assert len(await repository.search("Birnen")) == 1
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert MARKER.encode() not in left
    assert MARKER.lower().encode() not in left


async def test_forgetting_what_is_old_takes_what_nobody_touched_since(tmp_path: Path) -> None:
    now = 1000.0
    async with Store(tmp_path / "a.db", clock=lambda: 2000.0) as store:
        repository = ExtractionRepository(store, clock=lambda: now)
        old, touched = await kept(repository, "o.pdf", "o"), await kept(repository, "t.pdf", "t")
        now = 1900.0
        await repository.correct(touched, "number", "1")
        await store.forget(None, older_than_s=500)
        assert [line.db_id for line in await repository.list()] == [touched]
        with pytest.raises(UserError, match=f"{old}"):
            await repository.get(old)


async def test_a_full_disk_is_a_store_error_and_nothing_half_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with ExtractionRepository(path) as repository:
        await kept(repository)
        writer = repository._driver.store.writer  # type: ignore[union-attr]
        await writer.submit(
            lambda connection: connection.execute(
                f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}"
            )
        )
        big = tuple(PageText(n, f"wort{n} " * 2000, "") for n in range(1, 50))
        with pytest.raises(StoreError, match="full disk"):
            await repository.save("big.pdf", sha("big"), big, FOUND, "OK", "classic")
        assert await repository.count() == 1


def test_a_saver_that_is_killed_leaves_whole_records_only(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    program = (
        "import asyncio, hashlib, sys\n"
        "from ai_catalyst.pdf.repository import ExtractionRepository\n"
        "from ai_catalyst.pdf.model import Extraction, PageText\n"
        "async def run():\n"
        "    async with ExtractionRepository(sys.argv[1]) as repository:\n"
        "        for n in range(100000):\n"
        "            sha = hashlib.sha256(str(n).encode()).hexdigest()\n"
        "            pages = [PageText(p, f'text {n} {p}', '') for p in range(1, 6)]\n"
        "            fields = Extraction({f'f{i}': i for i in range(5)})\n"
        "            await repository.save(f'{n}.pdf', sha, pages, fields, 'OK', 'classic')\n"
        "            print(n, flush=True)\n"
        "asyncio.run(run())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = next(int(line) for line in process.stdout if int(line) >= 30)
        process.kill()
    with ExtractionRepository(path) as repository:
        lines = repository.list_sync(10_000)
        assert len(lines) > told
        for line in lines[:: max(1, len(lines) // 10)]:
            assert len(repository.get_sync(line.db_id).data) == 5
            assert len(repository.pages_sync(line.db_id)) == 5


async def test_fifty_thousand_documents_are_listed_page_by_page_from_an_index(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.db"
    async with ExtractionRepository(path) as repository:
        await repository.count()
    connection = sqlite3.connect(path)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT r.id, (SELECT count(*) FROM pdf_corrections c "
        "WHERE c.record = r.id) FROM pdf_records r JOIN pdf_documents d ON d.id = r.document "
        "WHERE r.id < 9 ORDER BY r.id DESC LIMIT 100"
    ).fetchall()
    connection.close()
    told = " ".join(row[3] for row in plan)
    assert "SEARCH r USING INTEGER PRIMARY KEY" in told
    assert "SEARCH d USING INTEGER PRIMARY KEY" in told
    assert "TEMP B-TREE" not in told


def test_a_store_from_before_gets_the_tables(tmp_path: Path) -> None:
    from alembic import command
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        config = schema.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with ExtractionRepository(tmp_path / "old.db") as repository:
        repository.save_sync("a.pdf", sha("x"), PAGES, FOUND, "OK", "classic")
        assert len(repository.search_sync("Birnen")) == 1


async def test_one_that_is_dropped_unclosed_says_so(tmp_path: Path) -> None:
    repository = ExtractionRepository(tmp_path / "a.db")
    await kept(repository)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del repository
        gc.collect()
    assert any("unclosed store" in str(one.message) for one in caught)
