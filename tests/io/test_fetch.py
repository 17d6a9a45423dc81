"""The toolkit fetches JSON and many URLs, from any server its user names."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.engine.bridge import run_sync
from ai_catalyst.errors import CatalystError
from ai_catalyst.io import batch_fetch, fetch_json
from ai_catalyst.io import fetch as fetch_module
from ai_catalyst.io.failures import BadUrl, HttpStatusError, WrongContent


def answering(**options):
    async def answer(request):
        return web.Response(**options)

    return answer


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Retries without their waits."""
    fetch_module._client.cache_clear()
    client = fetch_module._client()
    policy = type(client._retry)(attempts=2, base_s=0, on=client._retry.on)
    monkeypatch.setattr(client, "_retry", policy)
    yield
    fetch_module._client.cache_clear()


async def test_json_is_fetched_from_a_server_on_this_machine(serve):
    async def page(request):
        assert request.headers["Accept"] == "application/json"
        assert request.headers["X-Mine"] == "1"
        return web.json_response({"a": [1, 2.5, None, "ü"]})

    url = await serve({"/": page})
    assert await fetch_json(url, headers={"X-Mine": "1"}) == {"a": [1, 2.5, None, "ü"]}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"x": NaN, "y": -Infinity}', {"y": float("-inf")}),
        ('\ufeff{"y": "ü"}'.encode(), {"y": "ü"}),
        ('{"y": "ü"}'.encode("utf-16"), {"y": "ü"}),
    ],
)
async def test_json_as_it_is_written_in_the_wild_is_decoded(serve, body, value):
    url = await serve({"/": answering(body=body, content_type="application/json")})
    decoded = await fetch_json(url)
    assert {key: decoded[key] for key in value} == value


async def test_what_is_no_json_or_no_success_is_a_client_error(serve):
    url = await serve(
        {"/html": answering(text="<html>"), "/gone": answering(status=404, text="{}")}
    )
    with pytest.raises(WrongContent, match="not JSON"):
        await fetch_json(f"{url}/html")
    with pytest.raises(HttpStatusError) as caught:
        await fetch_json(f"{url}/gone")
    assert isinstance(caught.value, aiohttp.ClientError)
    assert isinstance(caught.value, CatalystError)
    with pytest.raises(BadUrl):
        await fetch_json("nonsense")


async def test_large_json_is_decoded_without_a_stall(serve):
    rows = [{"id": number, "text": f"row {number} " * 50} for number in range(500)]
    text = "[" + ",".join([json.dumps(rows)[1:-1]] * 30) + "]"
    nested = '{"meta": {"n": 1}, "rows": ' + text + "}"
    url = await serve({"/": answering(text=nested, content_type="application/json")})
    decoded = await fetch_json(url)
    assert len(decoded["rows"]) == 15_000
    assert decoded["rows"][-1] == rows[-1]
    assert decoded["meta"] == {"n": 1}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


def finished(coroutine):
    """Run a coroutine that only ever lets others go first."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


@given(VALUES)
def test_json_decoded_in_parts_is_the_same(value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch_module, "DIRECT", 8)
        body = json.dumps(value).encode()
        assert finished(fetch_module._decode(body)) == value


async def test_many_urls_come_in_order_and_failures_have_their_reasons(serve):
    async def number(request):
        index = int(request.match_info["index"])
        await asyncio.sleep((10 - index % 10) / 1000)
        if index % 4 == 3:
            return web.Response(status=404)
        return web.json_response({"index": index})

    url = await serve({"/{index}": number})
    results = await batch_fetch([f"{url}/{index}" for index in range(40)])
    assert isinstance(results, list)
    assert len(results) == 40
    for index, result in enumerate(results):
        if index % 4 == 3:
            assert result is None
            assert results.errors[index].status == 404
        else:
            assert result == {"index": index}
            assert index not in results.errors


async def test_what_is_not_json_comes_as_text_or_bytes(serve, dead_port):
    url = await serve(
        {
            "/text": answering(text="grün", content_type="text/plain", charset="latin-1"),
            "/bytes": answering(body=b"\x89PNG", content_type="image/png"),
            "/lie": answering(text="<html>", content_type="application/json"),
        }
    )
    results = await batch_fetch(
        iter(
            [
                f"{url}/text",
                f"{url}/bytes",
                f"{url}/lie",
                "nonsense",
                f"http://127.0.0.1:{dead_port}",
            ]
        )
    )
    assert results == ["grün", b"\x89PNG", None, None, None]
    assert sorted(results.errors) == [2, 3, 4]
    assert all(isinstance(error, aiohttp.ClientError) for error in results.errors.values())


async def test_no_urls_are_no_results():
    results = await batch_fetch([])
    assert results == []
    assert results.errors == {}


def test_the_shared_client_serves_the_bridge_and_the_loops_of_others(elsewhere):
    for _ in range(2):
        assert asyncio.run(fetch_json(f"{elsewhere}/json")) == {"ok": True}
        assert run_sync(fetch_json(f"{elsewhere}/json")) == {"ok": True}
