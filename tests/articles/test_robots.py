"""robots.txt, asked once a host and kept to."""

from __future__ import annotations

import asyncio

import pytest

from ai_catalyst.articles.robots import Robots, RobotsDisallowed, RobotsUnknown
from ai_catalyst.io.failures import ConnectionFailed, HttpStatusError, TooManyRedirects
from ai_catalyst.io.response import Response

PAGE = "https://example.org/page"


class Http:
    """Answers with one text or error, and counts."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def get(
        self, url: str, *, max_bytes: int | None = None, origin: str | None = None
    ) -> Response:
        self.asked.append(url)
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Response(url, 200, {}, self.answer.encode(), "text/plain", "utf-8")


async def test_each_host_is_asked_once_whoever_links_to_it() -> None:
    http = Http("User-agent: *\nDisallow: /secret\n")
    robots = Robots(http)
    origins = [None, *(f"https://other.example/{n}" for n in range(9))]
    await asyncio.gather(*(robots.admit(PAGE, origin) for origin in origins))
    assert len(http.asked) <= 2  # once for a person, once for links
    await robots.admit("https://user:key@example.org/other")
    await robots.admit("http://example.org:8080/page")
    assert http.asked[-1] == "http://example.org:8080/robots.txt"
    assert not any("key" in url for url in http.asked)


async def test_rules_for_us_by_name_go_before_those_for_all() -> None:
    robots = Robots(Http("User-agent: *\nAllow: /\n\nUser-agent: AI-Catalyst\nDisallow: /page\n"))
    with pytest.raises(RobotsDisallowed):
        await robots.admit(PAGE)


async def test_a_large_file_is_read_too() -> None:
    robots = Robots(Http("# padding\n" * 10_000 + "User-agent: *\nDisallow: /page\n"))
    with pytest.raises(RobotsDisallowed):
        await robots.admit(PAGE)


@pytest.mark.parametrize(
    "error",
    [HttpStatusError("no", status=404), HttpStatusError("no", status=403), TooManyRedirects("no")],
)
async def test_a_host_without_rules_may_be_read(error: Exception) -> None:
    await Robots(Http(error)).admit(PAGE)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_host_that_cannot_say_may_not(status: int) -> None:
    http = Http(HttpStatusError("later", status=status))
    robots = Robots(http)
    for _ in range(3):
        with pytest.raises(RobotsUnknown):
            await robots.admit(PAGE)
    assert len(http.asked) == 1


async def test_a_host_that_is_down_is_said_to_be_down() -> None:
    with pytest.raises(ConnectionFailed):
        await Robots(Http(ConnectionFailed("down"))).admit(PAGE)


@pytest.mark.parametrize("text", ["\0\1\2", "Disallow: /page", "User-agent\n:::\n", "\ufeff"])
async def test_nonsense_forbids_nothing(text: str) -> None:
    await Robots(Http(text)).admit(PAGE)
