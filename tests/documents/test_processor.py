from __future__ import annotations

import asyncio
import gzip
import json
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from parity import assert_twins
from reading import InlinePool

from ai_catalyst import FileProcessor
from ai_catalyst.documents import opening
from ai_catalyst.errors import BlockingCallWarning, FileError, UserError, WorkerCrashed
from ai_catalyst.guard import LoopGuard
from ai_catalyst.model import Record

PAGE = b"<!doctype html><html><title>T</title><body><p>Some words of a page.</p></body></html>"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.json").write_text('[{"x": 1}, {"x": 2}]')
    (folder / "b.jsonl").write_text('{"x": 3}\n{broken\n{"x": 4}\n')
    (folder / "c.csv.gz").write_bytes(gzip.compress(b"x,y\n5,6\n"))
    (folder / "deep" / "d.md").write_text("# Title\n\nwords")
    (folder / "deep" / "e.pdf").write_bytes(PAGE)
    (folder / "f.txt").write_text("")
    (folder / "g.txt").write_text("plain")
    (folder / ".hidden").write_text("no")
    os.mkfifo(folder / "pipe")
    return folder


async def everything(items: AsyncIterator[Record | FileError]) -> list[Record | FileError]:
    return [item async for item in items]


def short(items: list[Record | FileError], root: Path) -> list[object]:
    """Return (file, index, kind) of a record, (file, line, kind) of an error."""
    return [
        (os.path.relpath(item.source, root), item.index, item.kind)
        if isinstance(item, Record)
        else (os.path.relpath(item.path or "", root), item.line, f"!{item.kind}")
        for item in items
    ]


EXPECTED = [
    ("a.json", 0, "json"),
    ("a.json", 1, "json"),
    ("b.jsonl", 0, "jsonl"),
    ("b.jsonl", 2, "!malformed"),
    ("b.jsonl", 2, "jsonl"),
    ("c.csv.gz", 0, "csv"),
    ("deep/d.md", 0, "markdown"),
    ("deep/e.pdf", 0, "html"),
    ("f.txt", None, "!empty"),
    ("g.txt", 0, "text"),
    ("pipe", None, "!unsupported"),
]


async def test_a_folder_gives_the_records_of_every_file_in_order(
    inbox: Path, pool: InlinePool
) -> None:
    processor = FileProcessor(pool=pool)
    found = await everything(processor.process_directory_async(inbox))
    assert short(found, inbox) == EXPECTED
    assert found[0]["x"] == 1  # type: ignore[index]
    assert found[6]["title"] == "Title"  # type: ignore[index]
    assert found[7]["text"] == "Some words of a page."  # type: ignore[index]


@pytest.mark.parametrize("at_once", [1, 2, 20])
async def test_the_order_is_the_same_whatever_the_concurrency(inbox: Path, at_once: int) -> None:
    processor = FileProcessor(max_concurrent_files=at_once, pool=InlinePool())
    assert short(await everything(processor.process_directory_async(inbox)), inbox) == EXPECTED


async def test_a_pattern_chooses_files(inbox: Path) -> None:
    found = await everything(FileProcessor().process_directory_async(inbox, "*.json*"))
    assert {os.path.basename(item[0]) for item in short(found, inbox)} == {"a.json", "b.jsonl"}  # type: ignore[index]


async def test_one_file_gives_its_records(inbox: Path) -> None:
    found = await everything(FileProcessor().process_file_async(inbox / "a.json"))
    assert [item["x"] for item in found if isinstance(item, Record)] == [1, 2]
    (missing,) = await everything(FileProcessor().process_file_async(inbox / "none"))
    assert isinstance(missing, FileNotFoundError)
    (folder,) = await everything(FileProcessor().process_file_async(inbox))
    assert isinstance(folder, FileError)
    assert "folder" in str(folder)
    (nothing,) = await everything(FileProcessor().process_directory_async(inbox / "none"))
    assert isinstance(nothing, FileNotFoundError)


async def test_errors_are_raised_when_asked_for(inbox: Path, pool: InlinePool) -> None:
    processor = FileProcessor(on_error="raise", pool=pool)
    seen: list[Record | FileError] = []
    with pytest.raises(FileError, match=r"b\.jsonl, line 2"):
        async for item in processor.process_directory_async(inbox):
            seen.append(item)
    assert len(seen) == 3


async def test_a_file_that_crashes_its_parser_costs_itself(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.docx", "c.txt"):
        (tmp_path / name).write_bytes(b"%PDF-1.4\n" if name != "c.txt" else b"words")
    pool = InlinePool({"b.docx": WorkerCrashed("signal 11")})
    pool.failures["a.pdf"] = WorkerCrashed("signal 11")
    found = await everything(FileProcessor(pool=pool).process_directory_async(tmp_path))
    kinds = [item.kind for item in found]
    assert kinds[2] == "text"
    assert all(isinstance(item, FileError) for item in found[:2])


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps({"n": n, "pad": "x" * 80}) + "\n" for n in range(60_000)))
    assert path.stat().st_size > opening.SMALL
    return path


@pytest.fixture
def bombs(tmp_path: Path) -> Path:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"a" * (64 * 2**20), 9))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n' + b" " * (64 * 2**20), 9))
    (tmp_path / "c.txt").write_text("words")
    return tmp_path


async def test_gzip_bombs_cost_themselves(bombs: Path) -> None:
    found = await everything(FileProcessor().process_directory_async(bombs))
    assert short(found, bombs) == [
        ("a.txt.gz", None, "!too_large"),
        ("b.jsonl.gz", 0, "jsonl"),
        ("b.jsonl.gz", None, "!too_large"),
        ("c.txt", 0, "text"),
    ]


async def test_a_large_file_is_streamed_and_may_be_left_early(large: Path) -> None:
    processor = FileProcessor()
    count = 0
    async for item in processor.process_file_async(large):
        assert item["n"] == count  # type: ignore[index]
        count += 1
    assert count == 60_000
    async for _ in processor.process_file_async(large):
        break


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(300):
        (tmp_path / f"{number:03}.json").write_text(json.dumps([{"n": n} for n in range(200)]))
    (tmp_path / "large.csv").write_text("a,b\n" + "1,2\n" * 100_000)
    return tmp_path


async def test_nothing_holds_the_loop_up(many: Path) -> None:
    with LoopGuard(0.05) as guard:
        found = FileProcessor().process_directory_async(many)
        assert sum([1 async for _ in found]) == 160_000
    assert guard.stalls == []


def test_the_twins_do_the_same(inbox: Path) -> None:
    assert_twins(FileProcessor)
    processor = FileProcessor(pool=InlinePool())
    assert short(list(processor.process_directory(inbox)), inbox) == EXPECTED
    assert [item["x"] for item in processor.process_file(inbox / "a.json")] == [1, 2]
    assert processor.write(inbox / "out.jsonl", [{"a": 1}]) == 1


async def test_a_twin_inside_a_loop_works_and_warns(inbox: Path) -> None:
    with pytest.warns(BlockingCallWarning, match="process_file_async"):
        assert len(list(FileProcessor().process_file(inbox / "a.json"))) == 2


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(UserError):
        FileProcessor(max_concurrent_files=0)
    with pytest.raises(UserError):
        FileProcessor(on_error="ignore")  # type: ignore[arg-type]


async def test_only_a_few_hops_are_read_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ai_catalyst.documents import processor

    monkeypatch.setattr(processor, "FILES_PER_HOP", 4)
    for number in range(100):
        (tmp_path / f"{number:03}.txt").write_text("x")
    count = 0
    lock = threading.Lock()
    real = processor.open_blob

    def counting(blob: object, **options: object) -> object:
        nonlocal count
        with lock:
            count += 1
        return real(blob, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(processor, "open_blob", counting)
    async for _ in FileProcessor().process_directory_async(tmp_path):
        await asyncio.sleep(0.03)
        break
    assert count <= 4 * (processor.HOPS_AHEAD + 1)


async def test_odd_names_are_read_and_shown_safely(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9\x1b.txt")
    with open(name, "wb") as file:
        file.write(b"words")
    (found,) = await everything(FileProcessor().process_directory_async(tmp_path))
    assert isinstance(found, Record)
    assert found.source.endswith("caf%E9%1B.txt")
    assert found["text"] == "words"
    (again,) = await everything(FileProcessor().process_file_async(os.fsdecode(name)))
    assert again == found
