"""HttpClient fetches what a person asked for, within its limits, and says what failed."""

import asyncio
import base64
import gzip
import pickle
import socket
import time
import zlib

import aiohttp
import pytest
from aiohttp import web

from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import SourceError
from ai_catalyst.io import http
from ai_catalyst.io.failures import (
    BadUrl,
    ConnectionFailed,
    ConnectTimeout,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    TooLarge,
    TooManyRedirects,
    WrongContent,
)
from ai_catalyst.io.http import HttpClient, user_agent, worth_another_try
from ai_catalyst.io.response import retry_after_s

ONCE = Retry(attempts=1)


@pytest.fixture
async def client():
    async with HttpClient(guard=False, retry=ONCE) as client:
        yield client


class Naps:
    """A sleep that takes no time and remembers how long it should have been."""

    def __init__(self):
        self.seconds = []

    async def __call__(self, seconds):
        self.seconds.append(seconds)


def retrying(naps, attempts=3, **options):
    return Retry(attempts, sleep=naps, on=worth_another_try, jitter=lambda: 1.0, **options)


def answering(**options):
    async def answer(request):
        return web.Response(**options)

    return answer


# What is sent and what comes back


async def test_a_page_comes_with_its_type_charset_and_final_url(serve, client):
    page = answering(text="<p>grün", content_type="text/html", charset="iso-8859-1")
    url = await serve({"/page": page})
    response = await client.get(f"{url}/page#part")
    assert (response.url, response.status) == (f"{url}/page#part", 200)
    assert (response.media_type, response.charset) == ("text/html", "cp1252")
    assert response.text == "<p>grün"
    assert response.redirects == ()


async def test_a_response_may_go_to_another_process(serve, client):
    url = await serve({"/": answering(text="x", headers={"ETag": '"v1"'})})
    response = await client.get(url)
    copy = pickle.loads(pickle.dumps(response))
    assert (copy.text, copy.etag, copy.headers) == ("x", '"v1"', response.headers)


async def test_a_binary_body_has_no_charset(serve, client):
    url = await serve({"/": answering(body=b"%PDF-1.7", content_type="application/pdf")})
    response = await client.get(url)
    assert (response.body, response.media_type, response.charset) == (
        b"%PDF-1.7",
        "application/pdf",
        None,
    )


async def test_a_body_without_a_type_is_bytes_of_an_unknown_kind(raw, client):
    server = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    response = await client.get(server.url)
    assert response.media_type == "application/octet-stream"
    assert response.text == "hi"


async def test_we_say_honestly_who_we_are(raw, client):
    server = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    await client.get(server.url, headers={"Accept": "text/html"})
    request = server.requests[0].decode()
    assert f"User-Agent: {user_agent()}" in request
    assert user_agent().startswith("AI-Catalyst/")
    assert "Accept: text/html" in request
    assert "Accept-Encoding: gzip, deflate" in request
    assert "Cookie" not in request


async def test_a_condition_that_still_holds_gives_a_304_without_a_body(serve, client):
    async def page(request):
        if request.headers.get("If-None-Match") == '"v1"':
            assert request.headers["If-Modified-Since"] == "Wed, 21 Oct 2026 07:28:00 GMT"
            return web.Response(status=304, headers={"ETag": '"v1"'})
        headers = {"ETag": '"v1"', "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}
        return web.Response(text="new", headers=headers)

    url = await serve({"/": page})
    first = await client.get(url)
    assert (first.text, first.not_modified) == ("new", False)
    again = await client.get(url, etag=first.etag, last_modified=first.last_modified)
    assert again.not_modified
    assert (again.body, again.etag) == (b"", '"v1"')


async def test_a_type_nobody_wants_is_refused_before_its_body_is_read(raw, client):
    async def endless(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
        await reader.read()
        return True

    server = await raw(endless)
    with pytest.raises(WrongContent, match="video/mp4"):
        await client.get(server.url, accept=("text/*", "application/pdf"))


@pytest.mark.parametrize("accept", [("text/html",), ("text/*",), ()])
async def test_a_type_that_is_wanted_passes(serve, client, accept):
    url = await serve({"/": answering(text="x", content_type="text/html")})
    assert (await client.get(url, accept=accept)).text == "x"


# Bad URLs and bad servers


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "mailto:jane@example.com",
        "/relative",
        "",
        "http://",
        "http://[::1",
        "http://a:b:c/",
        "ftp://example.com/x",
        "http://exa mple.com/",
    ],
)
async def test_what_is_no_web_address_is_refused_by_name(client, url):
    with pytest.raises(BadUrl):
        await client.get(url)


async def test_a_host_that_is_down_or_unknown_is_a_failed_connection(client, dead_port):
    with pytest.raises(ConnectionFailed, match="no connection"):
        await client.get(f"http://127.0.0.1:{dead_port}/")
    with pytest.raises(ConnectionFailed, match="not known"):
        await client.get("http://nowhere.invalid/")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 500, 503])
async def test_an_error_status_is_an_error_with_its_number(serve, client, status):
    url = await serve({"/": answering(status=status, text="x" * 10_000)})
    with pytest.raises(HttpStatusError, match=str(status)) as caught:
        await client.get(f"{url}/?token=secret")
    assert caught.value.status == status
    assert isinstance(caught.value, SourceError)
    assert isinstance(caught.value, aiohttp.ClientError)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.status, copy.url, str(copy)) == (status, caught.value.url, str(caught.value))


async def test_no_message_holds_credentials_or_the_values_of_a_query(serve, client):
    url = await serve({"/": answering(status=500)})
    secret = url.replace("http://", "http://jane:pa55word@") + "/?key=hunter2&key=x#frag"
    with pytest.raises(HttpStatusError) as caught:
        await client.get(secret)
    for leak in ("jane", "pa55word", "hunter2", "frag"):
        assert leak not in str(caught.value) + caught.value.url
    assert "key=…" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionFailed),
        (b"NONSENSE\r\n\r\n", FetchError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nxx\r\n", FetchError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\nhi", FetchError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", FetchError),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: snake\r\nContent-Length: 2\r\n\r\nhi",
            WrongContent,
        ),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", HttpStatusError),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", BadUrl),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", BadUrl),
        (b"HTTP/1.1 302 Found\r\nLocation: javascript:alert(1)\r\n\r\n", BadUrl),
        (b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n", FetchError),
    ],
    ids=lambda value: repr(value[:70]) if isinstance(value, bytes) else value.__name__,
)
async def test_a_server_that_lies_or_breaks_off_is_one_typed_error(raw, client, answer, error):
    async def lie(reader, writer):
        writer.write(answer)
        await writer.drain()
        return True

    server = await raw(lie)
    with pytest.raises(error) as caught:
        await client.get(server.url)
    assert isinstance(caught.value, FetchError)


async def test_bytes_after_the_announced_length_are_never_taken_for_the_next_answer(raw, client):
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    server = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" + smuggled)
    for _ in range(3):
        assert (await client.get(server.url)).body == b"hi"
    server.script = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more"
    with pytest.raises(FetchError, match="not HTTP"):
        await client.get(server.url)


async def test_a_server_that_closes_only_its_half_still_answers(raw, client):
    async def half(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall there is")
        writer.write_eof()
        await reader.read()
        return True

    server = await raw(half)
    assert (await client.get(server.url)).body == b"all there is"


# Time


async def test_a_slow_drip_dies_at_the_total_deadline(raw, client):
    async def drip(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await raw(drip)
    started = time.monotonic()
    with pytest.raises(FetchTimeout) as caught:
        await client.get(server.url, timeout_s=0.15)
    assert time.monotonic() - started < 1
    assert isinstance(caught.value, TimeoutError)


async def test_a_server_that_says_nothing_dies_at_the_total_deadline(raw, client):
    async def silence(reader, writer):
        await reader.read()
        return True

    server = await raw(silence)
    with pytest.raises(FetchTimeout, match=r"0\.1 s"):
        await client.get(server.url, timeout_s=0.1)


async def test_a_body_slower_than_the_minimum_rate_dies_long_before_the_deadline(raw):
    async def drip(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await raw(drip)
    async with HttpClient(guard=False, retry=ONCE, min_bytes_per_s=5000, grace_s=0.1) as client:
        with pytest.raises(FetchTimeout, match="too slowly"):
            await client.get(server.url)


async def test_redirects_share_one_deadline(serve, client):
    async def slow(request):
        await asyncio.sleep(0.06)
        raise web.HTTPFound(f"{request.path}x")

    url = await serve({"/{tail:.*}": slow})
    with pytest.raises(FetchTimeout):
        await client.get(url, timeout_s=0.15)


async def test_a_server_that_takes_no_connection_is_given_up_after_the_connect_time_out():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        try:
            async with HttpClient(guard=False, retry=ONCE, connect_timeout_s=0.1) as client:
                with pytest.raises(ConnectTimeout):
                    await client.get(f"http://127.0.0.1:{full.getsockname()[1]}/")
        finally:
            for filler in fillers:
                filler.close()


# Size


async def test_a_body_larger_than_allowed_is_refused_by_its_length_or_as_it_comes(serve, client):
    async def announced(request):
        return web.Response(body=b"x" * 5000)

    async def unannounced(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"x" * 1000)
        return response

    url = await serve({"/a": announced, "/u": unannounced})
    for path in "au":
        assert len((await client.get(f"{url}/{path}", max_bytes=5000)).body) == 5000
        with pytest.raises(TooLarge, match="4,999"):
            await client.get(f"{url}/{path}", max_bytes=4999)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip", lambda data: data),
        ("identity", lambda data: data),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]) + b"\0\0"),
    ],
    ids=["gzip", "x-gzip", "upper", "zlib", "raw deflate", "lie", "identity", "members"],
)
@pytest.mark.parametrize("step", [1, 7, 100_000])
async def test_every_encoding_is_undone_however_it_is_cut(raw, client, encoding, encode, step):
    text = b"<p>" + bytes(range(256)) * 20
    encoded = encode(text)

    async def cut(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n" % encoding.encode())
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        size = max(step, len(encoded) // 50)
        for start in range(0, len(encoded), size):
            piece = encoded[start : start + size]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    server = await raw(cut)
    assert (await client.get(server.url)).body == text


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"x" * 1000)[:-12],
        gzip.compress(b"hello")[:10] + b"\xff" * 20,
        gzip.compress(b"x") * 150,
    ],
    ids=["truncated", "damaged", "many members"],
)
async def test_damaged_encodings_are_an_error(serve, client, body):
    url = await serve({"/": answering(body=body, headers={"Content-Encoding": "gzip"})})
    with pytest.raises(WrongContent, match="damaged"):
        await client.get(url)


async def test_an_empty_body_may_claim_any_encoding(serve, client):
    url = await serve({"/": answering(body=b"", headers={"Content-Encoding": "gzip"})})
    assert (await client.get(url)).body == b""


def _peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.fixture(scope="module")
def bomb():
    """300 MB of zeros, as gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(3_000_000)
    return b"".join([packer.compress(block) for _ in range(100)] + [packer.flush()])


async def test_a_gzip_bomb_of_300_mb_costs_less_than_20_mb(raw, client, bomb):
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    server = await raw(head + bomb)
    before = peak = _peak_kib()
    task = asyncio.ensure_future(client.get(server.url))
    while not task.done():
        await asyncio.sleep(0)
        peak = max(peak, _peak_kib())
    with pytest.raises(TooLarge, match="bomb"):
        await task
    assert peak - before < 20_000


@pytest.fixture(scope="module")
def numbers():
    """A large honest page, and the same as gzip."""
    page = b"".join(b"%d," % number for number in range(400_000))
    return page, gzip.compress(page)


async def test_a_bomb_that_unfolds_moderately_stops_at_the_size_allowed(serve, client, numbers):
    page, packed = numbers
    url = await serve({"/": answering(body=packed, headers={"Content-Encoding": "gzip"})})
    with pytest.raises(TooLarge, match="1,000,000"):
        await client.get(url, max_bytes=1_000_000)
    assert (await client.get(url)).body == page


# Redirects


async def test_five_redirects_are_followed_and_six_are_not(serve, client):
    async def count(request):
        left = int(request.match_info["left"])
        if left == 0:
            return web.Response(text="there")
        raise web.HTTPMovedPermanently(f"./{left - 1}")

    url = await serve({"/{left}": count})
    answer = await client.get(f"{url}/5")
    assert (answer.text, answer.url) == ("there", f"{url}/0")
    assert answer.redirects == tuple((301, f"{url}/{left}") for left in (4, 3, 2, 1, 0))
    with pytest.raises(TooManyRedirects):
        await client.get(f"{url}/6")
    with pytest.raises(TooManyRedirects):
        await client.get(f"{url}/10")


async def test_a_redirect_loop_is_seen_at_its_first_turn(serve, client):
    asked = []

    async def turn(request):
        asked.append(request.path)
        raise web.HTTPFound({"/a": "/b", "/b": "/a"}[request.path])

    url = await serve({"/a": turn, "/b": turn})
    with pytest.raises(TooManyRedirects):
        await client.get(f"{url}/a")
    assert asked == ["/a", "/b"]


async def test_a_page_that_sets_a_cookie_and_redirects_to_itself_is_served(serve, client):
    async def consent(request):
        if "seen" in request.cookies:
            return web.Response(text=request.headers["Cookie"])
        response = web.HTTPFound("/")
        response.set_cookie("seen", "1")
        raise response

    url = await serve({"/": consent})
    assert (await client.get(url)).text == "seen=1"
    assert (await client.get(url, headers={"Cookie": "mine=2"})).text == "mine=2; seen=1"


SECRETS = {"Authorization": "Bearer s3cret", "Cookie": "session=s3cret", "X-Api-Key": "s3cret"}


@pytest.fixture
async def echo(serve):
    """A server that answers with the headers it got."""

    async def answer(request):
        return web.json_response(dict(request.headers))

    return lambda **options: serve({"/": answer}, **options)


async def test_credentials_stay_with_the_host_they_were_given_for(serve, echo, client):
    other = (await echo()).replace("127.0.0.1", "localhost")

    async def away(request):
        assert "Authorization" in request.headers
        response = web.HTTPTemporaryRedirect(other)
        response.set_cookie("theirs", "s3cret")
        raise response

    url = await serve({"/": away})
    answer = await client.get(url, headers=SECRETS | {"Accept-Language": "de"})
    assert "s3cret" not in answer.text
    assert '"Accept-Language": "de"' in answer.text
    answer = await client.get(url.replace("http://", "http://jane:s3cret@"))
    assert "Authorization" not in answer.text


async def test_credentials_follow_a_redirect_on_the_same_host(serve, client):
    async def here(request):
        if request.path == "/":
            raise web.HTTPFound("/there")
        return web.json_response(dict(request.headers))

    url = await serve({"/": here, "/there": here})
    assert (await client.get(url, headers=SECRETS)).text.count("s3cret") == 3
    answer = await client.get(url.replace("http://", "http://jane:pw@"))
    assert base64.b64encode(b"jane:pw").decode() in answer.text
    assert "jane" not in answer.url


async def test_a_redirect_gives_no_credentials_of_its_own(serve, echo, client):
    target = (await echo()).replace("http://", "http://mallory:pw@")

    async def away(request):
        raise web.HTTPFound(target)

    answer = await client.get(await serve({"/": away}))
    assert "Authorization" not in answer.text
    assert "mallory" not in answer.url + repr(answer.redirects)


async def test_credentials_are_not_sent_from_https_to_http(serve, echo, tls, monkeypatch):
    server, trusted = tls
    target = (await echo()).replace("127.0.0.1", "localhost")

    async def down(request):
        raise web.HTTPFound(target)

    url = (await serve({"/": down}, ssl=server)).replace("127.0.0.1", "localhost")
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusted)
    async with HttpClient(guard=False, retry=ONCE) as client:
        answer = await client.get(url, headers=SECRETS)
    assert "s3cret" not in answer.text


async def test_a_certificate_that_nobody_vouches_for_is_refused(serve, tls, client):
    url = await serve({"/": answering(text="x")}, ssl=tls[0])
    with pytest.raises(FetchError, match="certificate"):
        await client.get(url)


# Retries and pace


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_passing_failure_is_tried_again(serve, status):
    asked = []

    async def shaky(request):
        asked.append(1)
        return web.Response(status=status) if len(asked) < 3 else web.Response(text="ok")

    url, naps = await serve({"/": shaky}), Naps()
    async with HttpClient(guard=False, retry=retrying(naps)) as client:
        assert (await client.get(url)).text == "ok"
    assert naps.seconds == [0.5, 1.0]


async def test_a_lasting_failure_is_not_tried_again(serve):
    asked = []

    async def gone(request):
        asked.append(1)
        return web.Response(status=404)

    url, naps = await serve({"/": gone}), Naps()
    async with HttpClient(guard=False, retry=retrying(naps)) as client:
        with pytest.raises(HttpStatusError):
            await client.get(url)
        with pytest.raises(BadUrl):
            await client.get("gopher://x")
    assert len(asked) == 1
    assert naps.seconds == []


async def test_a_broken_connection_is_tried_again_with_the_same_headers(raw):
    async def shaky(reader, writer):
        if server.connections == 1:
            return True
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return None

    server, naps = await raw(shaky), Naps()
    async with HttpClient(guard=False, retry=retrying(naps)) as client:
        assert (await client.get(server.url, headers={"X-Mine": "1"})).text == "ok"
    assert all(b"X-Mine: 1" in request for request in server.requests)


async def test_retry_after_is_obeyed_and_holds_the_whole_host_back(serve, monkeypatch):
    monkeypatch.setattr(http, "retry_after_s", lambda headers: retry_after_s(headers) / 10)
    asked = []

    async def busy(request):
        asked.append(asyncio.get_running_loop().time())
        if len(asked) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(text="ok")

    url, naps = await serve({"/{tail:.*}": busy}), Naps()
    async with HttpClient(guard=False, retry=retrying(naps)) as client:
        first = asyncio.ensure_future(client.get(url))
        while not naps.seconds:
            await asyncio.sleep(0.001)
        assert naps.seconds == [0.5]
        assert (await client.get(f"{url}/another")).text == "ok"
        assert (await first).text == "ok"
    assert asked[1] - asked[0] >= 0.1


async def test_a_server_that_asks_for_too_much_patience_is_left_alone_and_reported(serve):
    asked = []

    async def away(request):
        asked.append(1)
        return web.Response(status=503, headers={"Retry-After": "3600"})

    url = await serve({"/": away})
    async with HttpClient(guard=False) as client:
        with pytest.raises(HttpStatusError, match="503") as caught:
            await client.get(url)
        assert caught.value.retry_after_s == 3600
        with pytest.raises(HttpStatusError, match="left alone") as caught:
            await client.get(url)
    assert 3590 < caught.value.retry_after_s <= 3600
    assert len(asked) == 1


async def test_one_host_gets_no_more_than_its_share_at_once(serve):
    now = most = 0

    async def count(request):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response(text="x")

    url = await serve({"/": count})
    async with HttpClient(guard=False, per_host=3, retry=ONCE) as client:
        await asyncio.gather(*(client.get(url) for _ in range(12)))
    assert most == 3


async def test_all_hosts_together_get_no_more_than_the_connections_allowed(serve):
    now = most = 0

    async def count(request):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response(text="x")

    urls = [await serve({"/": count}) for _ in range(4)]
    async with HttpClient(guard=False, connections=5, retry=ONCE) as client:
        await asyncio.gather(*(client.get(url) for url in urls * 4))
    assert most == 5


async def test_a_host_is_asked_at_its_pace(serve):
    url = await serve({"/": answering(text="x")})
    started = time.monotonic()
    async with HttpClient(guard=False, rps=50, burst=2, retry=ONCE) as client:
        await asyncio.gather(*(client.get(url) for _ in range(8)))
    assert time.monotonic() - started >= 6 / 50


async def test_waiting_for_a_turn_does_not_eat_the_deadline(serve):
    async def slow(request):
        await asyncio.sleep(0.05)
        return web.Response(text="x")

    url = await serve({"/": slow})
    async with HttpClient(guard=False, per_host=1, timeout_s=0.2, retry=ONCE) as client:
        answers = await asyncio.gather(*(client.get(url) for _ in range(8)))
    assert len(answers) == 8


async def test_hosts_that_redirect_to_each_other_under_tight_limits_do_not_lock_up(serve):
    urls = []

    async def swap(request):
        if request.path == "/end":
            return web.Response(text="end")
        await asyncio.sleep(0.01)
        raise web.HTTPFound(f"{urls[1 - int(request.path[1])]}/end")

    urls.extend([await serve({"/{tail}": swap}) for _ in range(2)])
    async with HttpClient(guard=False, per_host=1, connections=2, retry=ONCE) as client:
        answers = await asyncio.wait_for(
            asyncio.gather(*(client.get(f"{urls[n % 2]}/{n % 2}") for n in range(10))), 5
        )
    assert {answer.text for answer in answers} == {"end"}
