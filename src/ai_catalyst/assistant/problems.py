"""Errors as answers: RFC 9457 problem documents that say what to do, and nothing of the inside."""

from __future__ import annotations

import errno
import logging
import math
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from ai_catalyst.errors import (
    AllEndpointsFailed,
    BudgetExceeded,
    CatalystError,
    EndpointError,
    PrivacyError,
    SourceError,
    StoreError,
    UserError,
    WorkerError,
)
from ai_catalyst.store.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

__all__ = ["FULL", "Busy", "Problem", "install", "problem", "problem_of"]

log = logging.getLogger(__name__)

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a disk, or a share of it, is full."""
_POSTGRES_FULL = "53100"
_NO_SPACE = "there is no space left on the disk here: tell who runs this service"
MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "The request is not understood",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "This method is not offered here",
    406: "No such form of answer",
    408: "Too slow",
    409: "It is there already",
    410: "Gone",
    411: "Say how long it is",
    413: "Too large",
    415: "This kind of file is not read",
    422: "Some values are not right",
    429: "Too many requests",
    500: "Something went wrong here",
    502: "The model's answer cannot be used",
    503: "Not available right now",
    507: "No space left",
}
_DETAILS = {
    404: "there is nothing at this address",
    405: "the header Allow names the methods that are",
}
_BY_ERROR: tuple[tuple[type[CatalystError], int, str], ...] = (
    (BudgetExceeded, 503, "the budget for models is used up: ask who runs this service"),
    (AllEndpointsFailed, 503, "no model answers right now: try again in a minute"),
    (EndpointError, 503, "the model does not answer right now: try again in a minute"),
    (PrivacyError, 503, "the text could not be made safe to send, so nothing was sent"),
    (StoreError, 503, "the database does not answer right now: try again in a minute"),
    (WorkerError, 503, "the worker for this was lost: try again"),
)


class Problem(HTTPException):
    """An error with its answer: status, a sentence for people, headers."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Say what is wrong and what to do."""
        super().__init__(status, detail, dict(headers) if headers else None)


class Busy(Problem):
    """Raised when there is no room right now; says when to come again."""

    def __init__(self, detail: str, *, retry_after_s: float, status: int = 503) -> None:
        """Round up to whole seconds, at least one."""
        wait = max(1, math.ceil(retry_after_s))
        super().__init__(
            status, f"{detail}: try again in {wait} s", headers={"Retry-After": str(wait)}
        )


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return the document; a page for whoever looks at the console."""
    title = _TITLES.get(status, "Not done")
    show = getattr(request.app.state, "show_problem", None)
    if show is not None and is_for_people(request):
        shown: Response = show(request, status, title, detail)
        shown.headers.update(headers or {})
        return shown
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request.scope.get("request_id", ""),
        **more,
    }
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: CatalystError) -> tuple[int, str]:
    """Return status and sentence for an error of ours; messages of sources and users are kept."""
    if isinstance(error, StoreError) and _has_no_room(error.__cause__):
        return 503, _NO_SPACE
    for kind, status, detail in _BY_ERROR:
        if isinstance(error, kind):
            return status, detail
    if isinstance(error, SourceError):
        return 422, str(error)
    if isinstance(error, UserError):
        return 400, str(error)
    return 500, "this should not have happened; the request id helps to find out"


def _has_no_room(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return code_of(cause) == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == _POSTGRES_FULL


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document.

    The handlers are async, or each answer would wait for a thread.
    """
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CatalystError, _ours)
    app.add_exception_handler(Exception, _unknown)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    if _is_full(error.__cause__):  # a form that is too long for memory is written to the disk
        error = Problem(507, "there is no space left for uploads here: tell who runs this service")
    detail = error.detail
    if not isinstance(error, Problem):
        detail = _DETAILS.get(error.status_code) or _TITLES.get(error.status_code, "")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(request, error.status_code, str(detail), headers=headers)


def _is_full(cause: BaseException | None) -> bool:
    return isinstance(cause, OSError) and cause.errno in FULL


def is_for_people(request: Request) -> bool:
    """Tell whether a browser wants a page: then an error is one, too."""
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith("/api/")


def _methods_at(request: Request) -> list[str]:
    """Return every method an address takes; a router names only those of the first that fits."""
    found: set[str] = set()
    for template, ways in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)), request.url.path):
            found |= {way.upper() for way in ways}
    return sorted(found)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [
        # Never the value itself: it may be a password, or what a patient said.
        {"where": ".".join(map(str, one["loc"])), "what": one["msg"]}
        for one in error.errors()[:20]
    ]
    places = ", ".join(dict.fromkeys(str(one["where"]) for one in found))
    return problem(request, 422, f"check {places}", errors=found)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, CatalystError)
    status, detail = problem_of(error)
    if status >= 500:
        log.warning("%s", error, extra={"request_id": request.scope.get("request_id")})
    headers = {"Retry-After": "5"} if status == 503 else None
    return problem(request, status, detail, headers=headers)


async def _unknown(request: Request, error: Exception) -> Response:
    return problem(request, 500, "this should not have happened; the request id helps to find out")
