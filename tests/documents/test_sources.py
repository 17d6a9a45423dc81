from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from reading import InlinePool

from ai_catalyst.documents import BadSource, stream_documents
from ai_catalyst.engine import ProgressEvent, ProgressEventType, WorkerPool
from ai_catalyst.errors import FileTimeout, UserError, WorkerTimeout
from ai_catalyst.io.http import HttpClient
from ai_catalyst.model import Document

LONG = (
    "The heat pump restarts every night at three, and nobody at the hotline knows the reason. " * 2
)
PAGE = (
    "<!doctype html><html><head><title>Page</title></head><body><article><h1>Page</h1>"
    + "".join(
        f"<p>Paragraph {n} of the page has a few more words than it needs.</p>" for n in range(9)
    )
    + "</article></body></html>"
)
FEED = (
    '<rss version="2.0"><channel><title>F</title>'
    "<item><guid>one</guid><title>One</title><description>First words</description></item>"
    "<item><guid>two</guid><title>Two</title><description>Second words</description></item>"
    "</channel></rss>"
)


class Cache:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    async def get(self, kind: str, key: str) -> Any:
        return self.kept.get(kind + key)

    async def set(self, kind: str, key: str, value: Any, *, label: str | None = None) -> None:
        self.kept[kind + key] = value


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("inbox")
    folder.mkdir()
    (folder / "a.txt").write_text("Plain words.")
    (folder / "b.jsonl").write_text(
        "".join(json.dumps({"id": n, "title": f"T{n}", "text": LONG}) + "\n" for n in range(3))
    )
    (folder / "c.csv").write_text("day,rain\n1,2\n3\n4,5\n")
    (folder / "d.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (folder / "e.xml").write_text(FEED)
    (folder / "f.bin").write_bytes(bytes(range(256)) * 9)
    (folder / "g.txt").write_text("")
    os.mkfifo(folder / "h")
    return tmp_path


async def read(*arguments: str | Path, **options: Any) -> list[Document | BadSource]:
    options.setdefault("pool", InlinePool())
    return [item async for item in stream_documents(arguments, **options)]


def names(found: list[Document | BadSource]) -> list[str]:
    return [
        item.uri if isinstance(item, Document) else f"!{item.kind} {item.uri}" for item in found
    ]


EXPECTED = [
    "inbox/a.txt",
    "inbox/b.jsonl#0",
    "inbox/b.jsonl#1",
    "inbox/b.jsonl#2",
    "!malformed inbox/c.csv#line-3",
    "inbox/c.csv",
    "inbox/d.html.gz",
    "inbox/e.xml#one",
    "inbox/e.xml#two",
    "!unsupported inbox/f.bin",
    "!empty inbox/g.txt",
    "!unsupported inbox/h",
]


@pytest.mark.parametrize("concurrency", [1, 3, 8])
async def test_documents_come_in_source_order_whatever_the_concurrency(
    inbox: Path, concurrency: int
) -> None:
    found = await read("inbox", concurrency=concurrency)
    assert names(found) == EXPECTED


async def test_a_document_has_its_text_title_and_facts(inbox: Path) -> None:
    found = {item.uri: item for item in await read("inbox") if isinstance(item, Document)}
    record = found["inbox/b.jsonl#1"]
    assert (record.text, record.title, record.meta["id"]) == (LONG, "T1", 1)
    assert found["inbox/c.csv"].text == "day | rain\n1 | 2\n4 | 5"
    assert found["inbox/d.html.gz"].title == "Page"
    entry = found["inbox/e.xml#two"]
    assert (entry.title, entry.text) == ("Two", "Second words")


async def test_only_so_many_documents_as_asked_for_are_read(inbox: Path) -> None:
    found = await read("inbox", limit=3)
    assert names(found) == EXPECTED[:3]
    assert await read("inbox", limit=0) == []
    assert len(names(await read("inbox", limit=6))) == 7


@pytest.fixture
def large(inbox: Path) -> Path:
    rows = (json.dumps({"id": n, "text": f"{n} {LONG}"}) for n in range(4000))
    (inbox / "inbox/b.jsonl").write_text("\n".join(rows))
    return inbox


async def test_a_large_file_of_records_is_streamed_in_its_turn(large: Path) -> None:
    found = await read("inbox/a.txt", "inbox/b.jsonl", "inbox/e.xml")
    assert names(found) == [
        "inbox/a.txt",
        *(f"inbox/b.jsonl#{n}" for n in range(4000)),
        "inbox/e.xml#one",
        "inbox/e.xml#two",
    ]
    assert names(await read("inbox/b.jsonl", limit=2)) == ["inbox/b.jsonl#0", "inbox/b.jsonl#1"]


async def test_what_is_missing_or_holds_nothing_is_told_of(inbox: Path) -> None:
    Path("nothing").mkdir()
    found = await read("none.txt", "nothing", "inbox/a.txt", "*.zip")
    assert names(found) == [
        "!missing none.txt",
        "!empty nothing",
        "inbox/a.txt",
        "!empty .",
    ]
    assert isinstance(found[0], BadSource)
    assert "no such file" in str(found[0].error)


async def test_a_second_run_parses_nothing_again(inbox: Path) -> None:
    cache, pool = Cache(), InlinePool()
    first = await read("inbox", cache=cache, pool=pool)
    assert len(pool.calls) == 2
    second = await read("inbox", cache=cache, pool=pool)
    assert len(pool.calls) == 2
    assert [item for item in second if isinstance(item, Document)] == [
        item for item in first if isinstance(item, Document)
    ]


async def test_events_tell_of_each_source(inbox: Path) -> None:
    events: list[ProgressEvent] = []
    await read("inbox", on_event=events.append)
    done = [e.file_name for e in events if e.event_type is ProgressEventType.FILE_COMPLETED]
    failed = [e.file_name for e in events if e.event_type is ProgressEventType.FILE_FAILED]
    assert sorted(done) == [
        f"inbox/{n}" for n in ("a.txt", "b.jsonl", "c.csv", "d.html.gz", "e.xml")
    ]
    assert sorted(failed) == ["inbox/f.bin", "inbox/g.txt", "inbox/h"]


async def test_a_parse_that_takes_too_long_is_a_time_out(inbox: Path) -> None:
    Path("inbox/p.pdf").write_bytes(b"%PDF-1.4")
    pool = InlinePool({"p.pdf": WorkerTimeout("slow")})
    pool.failures["p.pdf"] = WorkerTimeout("slow")
    (found,) = await read("inbox/e.xml", pool=InlinePool({"e.xml": WorkerTimeout("slow")}))
    assert isinstance(found, BadSource)
    assert found.kind == "timeout"
    assert isinstance(found.error, FileTimeout)
    assert isinstance(found.error, TimeoutError)


async def test_a_reader_that_stops_early_leaves_nothing_running(inbox: Path) -> None:
    stream = stream_documents(["inbox"], pool=InlinePool())
    async for _ in stream:
        break
    await stream.aclose()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if not task.done()]


async def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b'[{"a": 1}, {"a": 2}]')

    monkeypatch.setattr(sys, "stdin", Stdin)
    (found,) = await read("-")
    assert isinstance(found, Document)
    assert (found.uri, found.text) == ("-", "a\n1\n2")


@asynccontextmanager
async def server(**answers: tuple[bytes, str]) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        name = request.path.strip("/")
        if name not in answers:
            return web.Response(status=404)
        body, media_type = answers[name]
        return web.Response(body=body, headers={"Content-Type": media_type})

    app = web.Application()
    app.router.add_get("/{name:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def test_pages_feeds_and_files_are_read_by_url() -> None:
    table = b"day,rain\n1,2\n"
    async with server(
        page=(PAGE.encode(), "text/html; charset=utf-8"),
        feed=(FEED.encode(), "application/rss+xml"),
        table=(table, "text/csv"),
        lie=(FEED.encode(), "text/html"),
    ) as url:
        found = await read(
            f"{url}/page", f"{url}/feed", f"{url}/table", f"{url}/lie", f"{url}/none",
            allow_hosts=["127.0.0.1"],
        )  # fmt: skip
    assert names(found) == [
        f"{url}/page",
        f"{url}/feed#one",
        f"{url}/feed#two",
        f"{url}/table",
        f"{url}/lie#one",
        f"{url}/lie#two",
        f"!http {url}/none",
    ]
    page = found[0]
    assert isinstance(page, Document)
    assert page.meta["url"] == f"{url}/page"
    assert "Paragraph 8" in page.text


async def test_a_feed_that_is_a_page_says_so() -> None:
    async with server(feed=(PAGE.encode(), "application/rss+xml")) as url:
        (found,) = await read(f"{url}/feed", allow_hosts=["127.0.0.1"])
    assert isinstance(found, BadSource)
    assert "web page, not a feed" in str(found.error)


async def test_a_private_address_is_not_dialled_unless_allowed() -> None:
    async with server(page=(PAGE.encode(), "text/html")) as url:
        (found,) = await read(f"{url}/page")
        assert isinstance(found, BadSource)
        assert found.kind == "unsafe"
        async with HttpClient(allow_hosts=["127.0.0.1"]) as http:
            (page,) = await read(f"{url}/page", http=http)
            assert isinstance(page, Document)
            (again,) = await read(f"{url}/page", http=http)  # a given client is left open
            assert again == page


async def test_odd_and_broken_pdfs_are_each_read_or_told_of(shared_data: Path) -> None:
    folder = shared_data / "pdf" / "odd"
    async with WorkerPool() as workers:
        found = await read(f"{folder}/*[a-i].pdf", f"{folder}/shared*.pdf", pool=workers)
    assert {item.uri for item in found} == {
        path.as_posix() for path in [*folder.glob("*[a-i].pdf"), *folder.glob("shared*.pdf")]
    }
    kinds = {item.kind for item in found if isinstance(item, BadSource)}
    assert kinds <= {"no_text", "encrypted", "malformed"}
    assert sum(isinstance(item, Document) for item in found) > len(found) / 2


async def test_wrong_settings_are_refused() -> None:
    with pytest.raises(UserError):
        await read(".", concurrency=0)
