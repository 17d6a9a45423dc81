"""HttpClient fetches what a person asked for, within its limits, and says what failed."""


import pytest
from aiohttp import web

from ai_catalyst.engine.retry import Retry
from ai_catalyst.io.http import HttpClient

ONCE = Retry(attempts=1)


@pytest.fixture
async def client():
    async with HttpClient(guard=False, retry=ONCE) as client:
        yield client


async def test_a_page_comes_with_its_type_charset_and_final_url(serve, client):
    async def page(request):
        return web.Response(text="<p>grün", content_type="text/html", charset="iso-8859-1")

    url = await serve({"/page": page})
    response = await client.get(f"{url}/page")
    assert (response.url, response.status) == (f"{url}/page", 200)
    assert (response.media_type, response.charset) == ("text/html", "cp1252")
    assert response.text == "<p>grün"
