"""Planned routes answer as FastAPI would, and what cannot be planned stays with it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field

from ai_catalyst.assistant.plans import Plans

pytestmark = pytest.mark.loop_guard(0.5, reason="applications are made here, and modules loaded")

UNPLANNED = {
    ("POST", "/api/v1/documents"),  # a form with files
    ("GET", "/api/v1/jobs/{job_id}/events"),  # a stream
    ("GET", "/metrics"),  # not JSON
}
"""Routes of the API that FastAPI serves itself. Whoever adds a line says why in the review."""


class Item(BaseModel):
    name: str
    size: int = Field(ge=0)


class Shown(BaseModel):
    name: str
    size: int
    by: str


@contextlib.asynccontextmanager
async def talking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def caller(request: Request) -> str:
    name = request.headers.get("x-name")
    if name is None:
        raise HTTPException(401, "say who you are")
    return name


Caller = Annotated[str, Depends(caller)]


async def owned(item: str, name: Caller) -> str:
    return f"{name}'s {item}"


async def lent() -> AsyncIterator[int]:
    yield 1


def blocking() -> int:
    return 2


def small() -> FastAPI:
    """Return an application with a route of every kind."""
    app = FastAPI(dependencies=[Depends(caller)])

    @app.get("/items/{item}")
    async def get(item: str, by: Caller, owned: Annotated[str, Depends(owned)]) -> Shown:
        return Shown(name=owned, size=len(item), by=by)

    @app.get("/items")
    async def find(by: Caller, size: int = 3, tag: str | None = None) -> list[Shown]:
        return [Shown(name=str(tag), size=size, by=by)]

    @app.post("/items", status_code=201)
    async def post(item: Item, by: Caller) -> Shown:
        return Shown(name=item.name, size=item.size, by=by)

    @app.delete("/items/{item}", status_code=204)
    async def delete(item: str) -> None:
        return None

    @app.get("/numbers/{number}")
    async def number(number: int) -> int:
        return number

    @app.get("/lie", response_model=Shown)
    async def lie() -> Any:
        return {"name": "unmistakable"}

    return app


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/items/box", {}),
    ("GET", "/items/a%20b%2Fc", {}),
    ("GET", "/items/box/", {}),
    ("HEAD", "/items/box", {}),
    ("PUT", "/items/box", {}),
    ("DELETE", "/items/box", {}),
    ("GET", "/items", {}),
    ("GET", "/items", {"params": {"size": "many"}}),
    ("GET", "/items", {"params": [("size", "1"), ("size", "2"), ("tag", "ä")]}),
    ("POST", "/items", {"json": {"name": "box", "size": 2}}),
    ("POST", "/items", {"json": {"name": "box", "size": -2}}),
    ("POST", "/items", {"json": {"size": "x", "more": 1}}),
    ("POST", "/items", {"json": [1]}),
    ("POST", "/items", {"json": None}),
    ("POST", "/items", {"content": b"", "headers": {"content-type": "application/json"}}),
    ("POST", "/items", {"content": b"{nope", "headers": {"content-type": "application/json"}}),
    ("POST", "/items", {"content": b"\xff\xfe", "headers": {"content-type": "application/json"}}),
    ("POST", "/items", {"content": b'{"name": "b", "size": 1}'}),
    (
        "POST",
        "/items",
        {
            "content": b'{"name": "b", "size": 1}',
            "headers": {"content-type": "Application/JSON; charset=utf-8"},
        },
    ),
    (
        "POST",
        "/items",
        {
            "content": b'{"name": "b", "size": 1}',
            "headers": {"content-type": "application/vnd.x+json"},
        },
    ),
    ("POST", "/items", {"data": {"name": "b", "size": "1"}}),
    ("GET", "/numbers/7", {}),
    ("GET", "/numbers/seven", {}),
    ("GET", "/lie", {}),
    ("GET", "/nowhere", {}),
]


@pytest.mark.parametrize("name", ["sam", None])
async def test_a_plan_answers_as_fastapi_does(name: str | None) -> None:
    plain, planned = small(), small()
    planned.router.routes.insert(0, Plans(planned))
    async with talking(plain) as one, talking(planned) as other:
        for method, path, given in REQUESTS:
            more = {"x-name": name} if name else {}
            sent = {**given, "headers": {**given.get("headers", {}), **more}}
            expected = await one.request(method, path, **sent)
            found = await other.request(method, path, **sent)
            place = (method, path, given)
            assert (place, found.status_code) == (place, expected.status_code)
            assert (place, _told(found)) == (place, _told(expected))
            if expected.content:
                assert found.headers["content-type"] == expected.headers["content-type"]


def _told(answer: httpx.Response) -> Any:
    """Return an answer; of an error, what our own problem documents say of it."""
    if answer.status_code != 422:
        return answer.text
    return [(one["loc"], one["msg"], one["type"]) for one in answer.json()["detail"]]


async def test_what_a_route_does_not_promise_is_not_given_out() -> None:
    app = small()
    app.router.routes.insert(0, plans := Plans(app))
    assert ("GET", "/lie") in plans.planned
    async with talking(app) as http:
        answer = await http.get("/lie", headers={"x-name": "sam"})
    assert answer.status_code == 500
    assert "unmistakable" not in answer.text


async def test_what_cannot_be_planned_stays_with_fastapi() -> None:
    app = FastAPI()

    @app.get("/generator")
    async def generator(one: Annotated[int, Depends(lent)]) -> int:
        return one

    @app.get("/thread")
    async def thread(two: Annotated[int, Depends(blocking)]) -> int:
        return two

    @app.get("/header")
    async def header(mark: Annotated[str, Header()]) -> str:
        return mark

    @app.post("/form")
    async def form(mark: Annotated[str, Form()]) -> str:
        return mark

    @app.get("/la{anything}")
    async def everything(anything: str) -> str:
        return "first"

    @app.get("/late")
    async def late() -> str:
        return "second"

    app.router.routes.insert(0, plans := Plans(app))
    assert plans.planned == {("GET", "/la{anything}")}
    async with talking(app) as http:
        assert (await http.get("/generator")).json() == 1
        assert (await http.get("/thread")).json() == 2
        assert (await http.get("/header", headers={"mark": "y"})).json() == "y"
        assert (await http.post("/form", data={"mark": "x"})).json() == "x"
        assert (await http.get("/late")).json() == "first"


async def test_a_dependency_that_is_replaced_is_replaced() -> None:
    app = small()
    app.router.routes.insert(0, Plans(app))

    async def somebody() -> str:
        return "eve"

    app.dependency_overrides[caller] = somebody
    async with talking(app) as http:
        assert (await http.get("/items/box")).json()["by"] == "eve"


async def test_every_route_of_the_api_that_can_be_planned_is(served) -> None:
    [plans] = [one for one in served.app.routes if isinstance(one, Plans)]
    places = {
        (method, route.path)
        for route in iter_route_contexts(served.app.routes)
        for method in getattr(route, "methods", None) or ()
        if str(route.path).startswith(("/api/v1", "/api/auth", "/health", "/metrics"))
    }
    assert len(places) > 20
    assert places - plans.planned == UNPLANNED


async def test_a_planned_route_takes_fewer_calls_with_all_around_it_than_bare_fastapi(
    served,
) -> None:
    bare = FastAPI()

    @bare.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    ours, theirs = await _calls(served.app), await _calls(bare)
    assert 0 < ours < theirs


async def _calls(app: FastAPI) -> int:
    """Return how many Python functions the second request of an application calls."""
    scope = {"type": "http", "method": "GET", "path": "/health/live", "query_string": b""}
    scope |= {"headers": [], "root_path": "", "client": ("127.0.0.1", 1)}
    sent: list[Any] = []
    calls = 0

    async def send(message: Any) -> None:
        sent.append(message)

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    await app(dict(scope), _nothing, send)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        await app(dict(scope), _nothing, send)
    finally:
        sys.setprofile(before)
    assert [one.get("status") for one in sent] == [200, None] * 2
    return calls


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
