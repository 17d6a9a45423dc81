"""CPU a request, called without a socket: our application, bare Starlette, bare FastAPI."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

ROUNDS, REQUESTS, AT_ONCE = 9, 400, 16


def run(options: object) -> None:
    asyncio.run(measure())


async def measure() -> None:
    import aiosqlite
    from fastapi import FastAPI
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    with tempfile.TemporaryDirectory() as name:
        os.environ["CATALYST_HOME"] = name
        from ai_catalyst.assistant.application import create_app
        from ai_catalyst.assistant.config import ServiceConfig
        from ai_catalyst.assistant.middleware import set_up_logs
        from ai_catalyst.settings import Settings

        set_up_logs("WARNING")
        app = create_app(ServiceConfig.load(Settings(model="none"), {}))
        async with app.router.lifespan_context(app):
            token, document = await _document(app)
            raw = await aiosqlite.connect(Path(name) / "catalyst.db")

            async def hello(request: object) -> JSONResponse:
                return JSONResponse({"status": "ok"})

            async def read(request: object) -> JSONResponse:
                rows = await raw.execute_fetchall(
                    "SELECT id, name, title, kind, bytes, sha256, status, error, pages, passages, "
                    "created, owner FROM assistant_documents WHERE id = ?",
                    (request.path_params["document"],),
                )
                return JSONResponse(next(iter(rows)))

            bare = Starlette(routes=[Route("/hello", hello), Route("/read/{document}", read)])
            fast = FastAPI()

            @fast.get("/hello")
            async def fast_hello() -> dict[str, str]:
                return {"status": "ok"}

            bearer = [(b"authorization", f"Bearer {token}".encode())]
            rows = {
                "hello, Starlette": (bare, "/hello", []),
                "hello, FastAPI": (fast, "/hello", []),
                "hello, ours": (app, "/health/live", []),
                "read, Starlette + aiosqlite": (bare, f"/read/{document}", []),
                "read, ours, signed in": (app, f"/api/v1/documents/{document}", bearer),
            }
            took: dict[str, list[float]] = {name: [] for name in rows}
            for _ in range(ROUNDS):
                for name, (target, path, headers) in rows.items():
                    took[name].append(await _round(target, path, headers))
            await raw.close()
    for name, base in (
        ("hello, FastAPI", "hello, Starlette"),
        ("hello, ours", "hello, Starlette"),
        ("read, ours, signed in", "read, Starlette + aiosqlite"),
    ):
        ratio = statistics.median(a / b for a, b in zip(took[name], took[base], strict=True))
        micro = statistics.median(took[name]) * 1e6
        print(f"{name:<26} {micro:7.0f} us CPU  {ratio:5.2f}x {base}")


async def _round(app: object, path: str, headers: list[tuple[bytes, bytes]]) -> float:
    async def some() -> None:
        for _ in range(REQUESTS // AT_ONCE):
            await _request(app, path, headers)

    started = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return (time.process_time() - started) / REQUESTS


async def _request(app: object, path: str, headers: list[tuple[bytes, bytes]]) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"test"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    status = 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    assert status == 200, status


async def _document(app: object) -> tuple[str, str]:
    """Return a token and the id of a document its owner may read."""
    service = app.state.service
    person = await service.accounts.register("a@example.org", "correct horse battery", "a", "x")
    pair = await service.accounts.login("a@example.org", "correct horse battery", "x")
    assert pair.person.id == person.id
    rows = await service.driver.rows("SELECT id FROM assistant_documents LIMIT 1")
    return pair.access, rows[0][0]
