"""The application: routes, each behind a sign-in unless it stands on a short public list."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig

from ai_catalyst import __version__
from ai_catalyst.assistant import health, problems
from ai_catalyst.assistant.auth import endpoints as auth
from ai_catalyst.assistant.config import ServiceConfig
from ai_catalyst.assistant.console import routes as console
from ai_catalyst.assistant.console.pages import STATIC
from ai_catalyst.assistant.dependencies import known, shows_token
from ai_catalyst.assistant.documents import endpoints as documents
from ai_catalyst.assistant.jobs import endpoints as jobs
from ai_catalyst.assistant.middleware import Around, set_up_logs
from ai_catalyst.assistant.plans import Plans
from ai_catalyst.assistant.rag import endpoints as rag
from ai_catalyst.assistant.service import Service
from ai_catalyst.engine.complaints import keep_words_out

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["create_app", "served_app"]


_TOLD_TO_NOBODY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""Its spans and logs would hold addresses with their questions, and messages of errors."""


def create_app(config: ServiceConfig | None = None) -> FastAPI:
    """Return the service as an ASGI application; it opens when its server starts it.

    Raises `UserError` for wrong settings and weak keys.
    """
    config = config or ServiceConfig.load()
    app = FastAPI(
        title="AI Catalyst assistant",
        version=__version__,
        summary="A private knowledge service: cited answers over your own documents.",
        lifespan=_lifespan,
        telemetry=_TOLD_TO_NOBODY,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.config = config
    app.state.show_problem = console.problem_page
    problems.install(app)
    signed_in = [Depends(known)]
    app.include_router(auth.public)
    app.include_router(health.public)
    for router in (
        auth.router,
        auth.users,
        documents.router,
        jobs.router,
        rag.router,
        health.router,
    ):
        app.include_router(router, dependencies=signed_in)
    app.include_router(console.public)
    app.include_router(console.router, dependencies=[Depends(console.visitor)])
    app.mount("/static", StaticFiles(directory=STATIC))
    app.router.routes.insert(0, Plans(app))
    app.add_exception_handler(console.SignIn, _to_the_door)
    app.add_middleware(
        Around,
        body_bytes=config.body_bytes,
        upload_bytes=config.upload_bytes,
        admits=shows_token,
        trusted=config.trusted_proxies,
        silence_s=config.silence_s,
    )
    return app


def served_app() -> FastAPI:
    """Return the application for a server process, whose logs are JSON lines."""
    config = ServiceConfig.load()
    set_up_logs(config.settings.log_level)
    app = create_app(config)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it again would be a stall of 50 ms
    return app


async def _to_the_door(request: Request, error: Exception) -> Response:
    """Send whoever is not signed in to the sign-in page, also from within a part of a page."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=200, headers={"HX-Redirect": "/login"})
    return RedirectResponse("/login", 303)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    keep_words_out(asyncio.get_running_loop())
    service = await asyncio.to_thread(Service, app.state.config, os.environ)
    app.state.service = service
    await asyncio.to_thread(app.openapi)  # kept; made by the first who asks it would be a stall
    with _told_of_the_end(service.closing):
        async with service.running():
            if not os.environ.get("CATALYST_SERVED"):  # `catalyst serve` has said it itself
                await _say_first_link(service)
            yield


async def _say_first_link(service: Service) -> None:
    secret = await service.first_link()
    if secret is not None:
        sys.stderr.write(f"the first administrator registers with the invitation {secret}\n")


@contextlib.contextmanager
def _told_of_the_end(closing: asyncio.Event) -> Any:
    """Hear of SIGTERM and SIGINT before the server waits for its streams, so that they end.

    The server's own handler, which was there first, is called as well.
    """
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(closing.set)
        handler = before.get(signal.Signals(number))
        if callable(handler):
            handler(number, frame)

    with contextlib.suppress(ValueError):  # not the main thread: a test's server
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.getsignal(number)
            signal.signal(number, hear)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)
