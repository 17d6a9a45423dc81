"""What routes ask for: the service, who is signed in, and what may be answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from ai_catalyst.assistant.auth.service import Signed
from ai_catalyst.assistant.problems import MEDIA_TYPE, Problem
from ai_catalyst.assistant.service import Service
from ai_catalyst.assistant.tokens import unauthorised

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.types import Scope

__all__ = [
    "COOKIE",
    "Admin",
    "Here",
    "Known",
    "Staff",
    "answers",
    "get_async_db",
    "known",
    "shows_token",
]

COOKIE = "catalyst_session"
CSRF_HEADER = "x-csrf-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def here(request: Request) -> Service:
    """Return the service of this application; async, or FastAPI would call it in a thread."""
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(here)]


async def known(request: Request, service: Here) -> Signed:
    """Return who is signed in, by a bearer token, or by the console's cookie and its CSRF mark."""
    if token := _bearer(request.scope):
        return await service.accounts.signed(token)
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise unauthorised("sign in: POST /api/auth/login gives a token")
    signed = await service.accounts.signed(cookie, "console")
    if request.method not in _SAFE:
        mark = request.headers.get(CSRF_HEADER, "")
        if not service.accounts.is_csrf(mark, signed.session):
            raise Problem(403, "the page is out of date: load it again")
    return signed


Known = Annotated[Signed, Depends(known)]


def shows_token(scope: Scope) -> bool:
    """Tell whether a request shows a token that we signed and that has not expired.

    Asked before a large body is taken; whether its session still holds is asked after.
    """
    accounts = scope["app"].state.service.accounts
    if token := _bearer(scope):
        return bool(accounts.is_ours(token, "api"))
    return bool(accounts.is_ours(Request(scope).cookies.get(COOKIE, ""), "console"))


def _bearer(scope: Scope) -> str:
    """Return the token in the header, as it is in every request of the API; empty without one."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


def _with_role(*roles: str) -> Any:
    async def check(signed: Known) -> Signed:
        if signed.person.role not in roles:
            raise Problem(403, f"this is for {' and '.join(roles)} only")
        return signed

    return Depends(check)


Admin = Annotated[Signed, _with_role("admin")]
Staff = Annotated[Signed, _with_role("admin", "clinician")]


async def get_async_db(service: Here) -> AsyncIterator[AsyncSession]:
    """Lend a SQLAlchemy session on the service's database; what is not committed is undone."""
    async with await service.session() as session:
        yield session


_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_WHY = {
    400: "The request is not understood.",
    401: "Nobody is signed in.",
    403: "Not allowed.",
    404: "There is no such thing, or it is somebody else's.",
    408: "The body did not come in time.",
    409: "It is there already, or would break something.",
    410: "It was used, or has expired.",
    413: "Too large.",
    415: "This kind of file is not read.",
    422: "Some values are not right.",
    429: "Too many requests; Retry-After says when to come again.",
    503: "Not available right now; Retry-After says when to come again.",
    507: "No space is left.",
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of the problems that a route answers with."""
    return {
        status: {"description": _WHY[status], "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in sorted({*statuses, 400, 408, 413, 422})
    }
