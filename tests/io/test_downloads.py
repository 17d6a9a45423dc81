"""A download appears whole or not at all, goes on where it broke off, and is checked."""

import asyncio
import errno
import hashlib
import os

import pytest
from aiohttp import web

from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import FileError
from ai_catalyst.io import download
from ai_catalyst.io.downloads import _again
from ai_catalyst.io.failures import ConnectionFailed, FetchTimeout, HttpStatusError, WrongContent

BODY = os.urandom(3_000_000)
SUM = hashlib.sha256(BODY).hexdigest()
ONCE = Retry(attempts=1)
AT_ONCE = Retry(attempts=5, base_s=0, on=_again)


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


class Source:
    """A server of BODY that understands ranges and breaks off where it is told."""

    def __init__(self, breaks=(), tag='"v1"', body=BODY, ranges=True):
        self.breaks = list(breaks)
        self.tag, self.body, self.ranges = tag, body, ranges
        self.asked = []

    async def answer(self, request):
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        start = 0
        if wanted and self.ranges and request.headers.get("If-Range") == self.tag:
            start = int(wanted[6:-1])
        headers = {"Content-Length": str(len(self.body) - start)}
        if self.tag:
            headers["ETag"] = self.tag
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        end = self.breaks.pop(0) if self.breaks else len(self.body)
        await response.write(self.body[start:end])
        if end < len(self.body):
            await asyncio.sleep(0.02)  # let what was written arrive
            request.transport.close()
        return response


async def test_a_file_comes_whole_with_progress_and_leaves_nothing_else(serve, tmp_path):
    source, heard = Source(), []
    url = await serve({"/": source.answer})
    path = await download(
        url, tmp_path / "out", sha256=SUM.upper(), on_progress=lambda *at: heard.append(at)
    )
    assert path == tmp_path / "out"
    assert path.read_bytes() == BODY
    assert names_in(tmp_path) == ["out"]
    assert heard[-1] == (len(BODY), len(BODY))
    assert source.asked == [None]


async def test_a_broken_download_goes_on_where_it_broke_off(serve, tmp_path):
    source = Source(breaks=[1_000_000, 2_500_000])
    url = await serve({"/": source.answer})
    path = await download(url, tmp_path / "out", sha256=SUM, retry=AT_ONCE)
    assert path.read_bytes() == BODY
    assert source.asked[0] is None
    resumed = [int(wanted[6:-1]) for wanted in source.asked[1:]]
    assert resumed == sorted(resumed)
    assert 0 < resumed[0] <= 1_000_000 < resumed[1] <= 2_500_000


async def test_the_next_call_goes_on_too_unless_told_not_to(serve, tmp_path):
    source = Source(breaks=[1_000_000, 1_000_000])
    url = await serve({"/": source.answer})
    for resume in (True, False):
        with pytest.raises(ConnectionFailed):
            await download(url, tmp_path / "out", retry=ONCE, resume=resume)
        assert names_in(tmp_path) == ["out.part", "out.part.tag"]
    assert source.asked[1] is None
    await download(url, tmp_path / "out", sha256=SUM, retry=ONCE)
    assert source.asked[2].startswith("bytes=")
    assert names_in(tmp_path) == ["out"]


async def test_content_that_changed_meanwhile_is_fetched_anew(serve, tmp_path):
    source = Source(breaks=[1_000_000])
    url = await serve({"/": source.answer})
    with pytest.raises(ConnectionFailed):
        await download(url, tmp_path / "out", retry=ONCE)
    source.tag, source.body = '"v2"', BODY[::-1]
    path = await download(url, tmp_path / "out", retry=ONCE)
    assert path.read_bytes() == BODY[::-1]


@pytest.mark.parametrize("options", [{"ranges": False}, {"tag": None}, {"tag": 'W/"weak"'}])
async def test_a_server_that_cannot_continue_starts_over(serve, tmp_path, options):
    source = Source(breaks=[1_000_000], **options)
    url = await serve({"/": source.answer})
    path = await download(url, tmp_path / "out", sha256=SUM, retry=AT_ONCE)
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("lie", [416, "bytes 7-2999999/3000000", "nonsense"])
async def test_a_server_that_continues_at_the_wrong_place_is_asked_anew(serve, tmp_path, lie):
    (tmp_path / "out.part").write_bytes(BODY[:1000])
    (tmp_path / "out.part.tag").write_text('"v1"')

    async def confused(request):
        if "Range" not in request.headers:
            return web.Response(body=BODY)
        if lie == 416:
            return web.Response(status=416)
        return web.Response(status=206, body=BODY[1000:], headers={"Content-Range": lie})

    url = await serve({"/": confused})
    path = await download(url, tmp_path / "out", sha256=SUM, retry=AT_ONCE)
    assert path.read_bytes() == BODY


async def test_a_wrong_checksum_leaves_nothing_and_the_old_file_alone(serve, tmp_path):
    (tmp_path / "out").write_text("old")
    url = await serve({"/": Source().answer})
    with pytest.raises(WrongContent, match="checksum"):
        await download(url, tmp_path / "out", sha256="0" * 64)
    assert (tmp_path / "out").read_text() == "old"
    assert names_in(tmp_path) == ["out"]


async def test_an_error_status_and_a_silent_server_are_typed_errors(serve, raw, tmp_path):
    url = await serve({})
    with pytest.raises(HttpStatusError, match="404"):
        await download(url, tmp_path / "out")

    async def silent(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        await asyncio.sleep(5)

    server = await raw(silent)
    with pytest.raises(FetchTimeout, match="nothing moved"):
        await download(server.url, tmp_path / "out", stall_s=0.1, retry=ONCE)
    assert (tmp_path / "out.part").read_bytes() == b"abc"


async def test_a_folder_that_is_missing_or_a_full_disk_is_a_file_error(
    serve, tmp_path, monkeypatch
):
    url = await serve({"/": Source().answer})
    with pytest.raises(FileError, match="absent"):
        await download(url, tmp_path / "absent" / "out")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space"):
        await download(url, tmp_path / "out")
    assert not (tmp_path / "out").exists()


async def test_a_cancelled_download_keeps_what_came(raw, tmp_path):
    async def half(reader, writer):
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: 100\r\n\r\nabc')
        await asyncio.sleep(5)

    server, heard = await raw(half), asyncio.Event()
    task = asyncio.ensure_future(
        download(server.url, tmp_path / "out", on_progress=lambda *at: heard.set())
    )
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "out.part").read_bytes() == b"abc"
    assert (tmp_path / "out.part.tag").read_text() == '"v1"'
