"""Uploads are streamed from any source, told as True or False, and never tried twice."""

import asyncio
import gc
import io
import logging

import pytest
from aiohttp import web

from ai_catalyst.io import upload

BODY = bytes(range(256)) * 4000  # about 1 MB


@pytest.fixture
async def store(serve):
    """A server that keeps what it is sent; gives its URL and the list of (body, headers)."""
    taken = []

    async def take(request):
        taken.append((await request.read(), request.headers.copy(), request.method))
        return web.Response(status=201)

    return await serve({"/": take}), taken


def pieces():
    for start in range(0, len(BODY), 100_000):
        yield BODY[start : start + 100_000]


async def apieces():
    for piece in pieces():
        await asyncio.sleep(0)
        yield piece


class Pipe:
    """Something that can be read and has no size."""

    def __init__(self):
        self.rest = io.BytesIO(BODY)

    def read(self, size):
        return self.rest.read(min(size, 70_000))


@pytest.mark.parametrize(
    ("data", "sized"),
    [
        (lambda: BODY, True),
        (lambda: bytearray(BODY), True),
        (lambda: memoryview(BODY).cast("I"), True),
        (lambda: io.BytesIO(BODY), False),
        (Pipe, False),
        (pieces, False),
        (lambda: list(pieces()), False),
        (apieces, False),
    ],
    ids=["bytes", "bytearray", "view", "BytesIO", "pipe", "generator", "list", "async"],
)
async def test_whatever_holds_bytes_arrives_whole(store, data, sized):
    url, taken = store
    assert await upload(url, data()) is True
    body, headers, method = taken[0]
    assert body == BODY
    assert method == "POST"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers.get("Content-Length") == (str(len(BODY)) if sized else None)


async def test_a_file_is_sent_by_path_or_from_where_an_open_one_stands(store, tmp_path):
    url, taken = store
    path = tmp_path / "film.mp4"
    path.write_bytes(BODY)
    assert await upload(url, path, method="PUT", headers={"Content-Type": "video/mp4"})
    with path.open("rb") as file:
        file.seek(1000)
        assert await upload(url, file)
        assert not file.closed
    assert taken[0][0] == BODY
    assert (taken[0][1]["Content-Type"], taken[0][2]) == ("video/mp4", "PUT")
    assert taken[1][0] == BODY[1000:]
    gc.collect()  # an unclosed file would warn here


@pytest.mark.parametrize("data", [b"", "", "grün"])
async def test_small_and_empty_bodies_and_text_arrive(store, data):
    url, taken = store
    assert await upload(url, data)
    assert taken[0][0] == (data.encode() if isinstance(data, str) else data)


async def test_progress_is_told_and_a_listener_that_fails_harms_nothing(store, caplog):
    url, taken = store
    heard = []
    assert await upload(url, BODY, on_progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    with caplog.at_level(logging.WARNING):
        assert await upload(url, BODY, on_progress=lambda done, total: 1 / 0)
    assert caplog.text.count("ZeroDivisionError") == 1
    assert len(taken) == 2


async def test_a_refusal_is_false_and_logged_without_secrets(serve, dead_port, caplog, tmp_path):
    asked = []

    async def refuse(request):
        asked.append(1)
        return web.Response(status=int(request.match_info["status"]))

    url = await serve({"/{status}": refuse})
    for status in (403, 500, 503, 307):
        assert await upload(f"{url}/{status}?key=s3cret", b"x") is False
    assert len(asked) == 4
    assert await upload(f"http://127.0.0.1:{dead_port}/", b"x") is False
    assert await upload("ftp://example.com/", b"x") is False
    assert await upload(url, tmp_path / "absent") is False
    assert len(caplog.records) == 7
    assert "s3cret" not in caplog.text
    assert "absent" in caplog.text


async def test_a_source_that_fails_half_way_is_false(store, caplog):
    def failing():
        yield b"x" * 1000
        raise OSError("the disk is gone")

    assert await upload(store[0], failing()) is False
    assert store[1] == []


async def test_a_server_that_takes_nothing_is_given_up(raw, caplog):
    async def deaf(reader, writer):
        await asyncio.sleep(5)

    server = await raw(deaf)
    assert await upload(server.url, [BODY] * 50, stall_s=0.2) is False
    assert "nothing moved" in caplog.text


async def test_a_slow_upload_that_moves_is_not_given_up(store):
    async def slow():
        for _ in range(24):
            await asyncio.sleep(0.05)
            yield b"x"

    assert await upload(store[0], slow(), stall_s=1.0)


async def test_what_is_no_body_is_a_mistake_of_the_caller(store):
    with pytest.raises(TypeError, match="int"):
        await upload(store[0], 5)
