"""The console's pages: sign in, documents, search, ask, what left, people, numbers."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from ai_catalyst.assistant.auth.schemas import Registration
from ai_catalyst.assistant.auth.service import Role, Signed
from ai_catalyst.assistant.console.charts import Chart, bars_of
from ai_catalyst.assistant.console.pages import page, require_same_site
from ai_catalyst.assistant.dependencies import COOKIE, Here
from ai_catalyst.assistant.documents.repository import SHARED
from ai_catalyst.assistant.health import egress_rows
from ai_catalyst.assistant.metrics import sums
from ai_catalyst.assistant.middleware import client_of
from ai_catalyst.assistant.problems import Problem

__all__ = ["problem_page", "public", "router"]

public = APIRouter(include_in_schema=False)
"""Pages for whoever is not signed in yet, and files they need."""
router = APIRouter(include_in_schema=False)

_GO = 303


class SignIn(Exception):
    """Whoever is not signed in is sent to the door."""


async def visitor(request: Request, here: Here) -> Signed:
    """Return who looks, by the cookie; raises `SignIn`."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise SignIn
    try:
        return await here.accounts.signed(cookie, "console")
    except Problem:
        raise SignIn from None


Visitor = Annotated[Signed, Depends(visitor)]


async def sender(request: Request, signed: Visitor, here: Here) -> Signed:
    """Return who sends a form that carries the mark of the session."""
    mark = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
    if not here.accounts.is_csrf(mark, signed.session):
        raise Problem(403, "the page is out of date: load it again")
    return signed


Sender = Annotated[Signed, Depends(sender)]


def _staff(signed: Signed, *roles: str) -> None:
    if signed.person.role not in roles:
        raise Problem(403, f"this page is for {' and '.join(roles)} only")


def problem_page(request: Request, status: int, title: str, detail: str) -> Response:
    """Show what went wrong to whoever looks at the console."""
    values = {"title": title, "detail": detail, "id": request.scope.get("request_id", "")}
    return page(request, "problem.html", status=status, **values)


# At the door.


@public.get("/login")
async def login_page(request: Request, made: bool = False) -> Response:
    """Show the door; ``made`` an account just now, or not."""
    return page(request, "login.html", error="", email="", made=made)


@public.post("/login")
async def login(
    request: Request,
    here: Here,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=256)],
) -> Response:
    """Sign in."""
    require_same_site(request)
    try:
        pair = await here.accounts.login(email, password, client_of(request.scope), "console")
    except Problem as problem:
        status = problem.status_code
        error = str(problem.detail)
        return page(request, "login.html", status=status, error=error, email=email, made=False)
    response = RedirectResponse("/", _GO)
    secure = here.config.secure_cookies or request.url.scheme == "https"
    response.set_cookie(
        COOKIE, pair.access, max_age=pair.seconds, httponly=True, samesite="strict", secure=secure
    )
    return response


@public.get("/register")
@public.get("/setup")
async def register_page(request: Request, here: Here, invitation: str = "") -> Response:
    """Show the form for a new account."""
    closed = here.config.registration == "closed" and not invitation
    return page(
        request,
        "register.html",
        error="",
        email="",
        username="",
        invitation=invitation[:200],
        closed=closed,
    )


@public.post("/register")
async def register(
    request: Request,
    here: Here,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=256)],
    username: Annotated[str, Form(max_length=80)] = "",
    invitation: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Make an account."""
    require_same_site(request)
    try:
        body = Registration(
            email=email, password=password, username=username, invitation=invitation or None
        )
        await here.accounts.register(
            body.email, body.password, body.username, client_of(request.scope), body.invitation
        )
    except (Problem, ValueError) as error:
        status, told = _wrong(error)
        return page(
            request,
            "register.html",
            status=status,
            error=told,
            email=email,
            username=username,
            invitation=invitation,
            closed=False,
        )
    return RedirectResponse("/login?made=1", _GO)


def _wrong(error: Problem | ValueError) -> tuple[int, str]:
    if isinstance(error, Problem):
        return error.status_code, str(error.detail)
    errors: list[dict[str, Any]] = getattr(error, "errors", list)()
    said = [str(one["msg"]).removeprefix("Value error, ") for one in errors]
    return 422, "; ".join(said) or "some values are not right"


@router.post("/logout")
async def logout(signed: Sender, here: Here) -> Response:
    """Sign out."""
    await here.accounts.logout(signed.session)
    response = RedirectResponse("/login", _GO)
    response.delete_cookie(COOKIE)
    return response


# Inside.


@router.get("/")
async def ask_page(request: Request, signed: Visitor, here: Here) -> Response:
    """Show the question."""
    return page(request, "ask.html", service=here, signed=signed, answer=None, question="")


@router.post("/ask")
async def ask(
    request: Request,
    signed: Sender,
    here: Here,
    question: Annotated[str, Form(min_length=1, max_length=20_000)],
) -> Response:
    """Answer where scripts are off; with them the answer streams."""
    answer = await here.assistant.ask(question, signed.person.id)
    return page(request, "ask.html", service=here, signed=signed, answer=answer, question=question)


@router.get("/search")
async def search_page(request: Request, signed: Visitor, here: Here) -> Response:
    """Show the search."""
    return page(request, "search.html", service=here, signed=signed, q="", found=[])


@router.post("/search")
async def search(
    request: Request,
    signed: Sender,
    here: Here,
    q: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Search, with the words found marked; they are in no address, so in no browser's history."""
    owner = signed.person.id
    hits = await here.search.search(q, [owner, SHARED], limit=20) if q else []
    documents = await here.documents.named([hit.document for hit in hits], owner)
    found = [(hit, documents[hit.document]) for hit in hits if hit.document in documents]
    return page(request, "search.html", service=here, signed=signed, q=q, found=found)


@router.get("/documents")
async def documents_page(request: Request, signed: Visitor, here: Here) -> Response:
    """List documents and what is being read."""
    return await _documents(request, signed, here)


async def _documents(
    request: Request, signed: Signed, here: Here, error: str = "", status: int = 200
) -> Response:
    owner = signed.person.id
    return page(
        request,
        "documents.html",
        service=here,
        signed=signed,
        status=status,
        error=error,
        rows=await here.documents.of(owner, 200),
        jobs=[one for one in await here.jobs.of(owner, 20) if one.status in _GOING],
        most=here.config.upload_bytes,
    )


_GOING = frozenset({"queued", "running"})


@router.post("/documents")
async def upload(
    request: Request, signed: Sender, here: Here, file: Annotated[list[UploadFile], File()]
) -> Response:
    """Take files."""
    try:
        files = [(one.filename or "", one.file) for one in file]
        await here.library.take(signed.person.id, files, here.clock())
    except Problem as problem:
        return await _documents(request, signed, here, str(problem.detail), problem.status_code)
    here.worker.wake()
    return RedirectResponse("/documents", _GO)


@router.post("/documents/{document_id}/delete")
async def delete(document_id: str, signed: Sender, here: Here) -> Response:
    """Erase a document."""
    if not await here.library.remove(document_id, signed.person.id):
        raise Problem(404, "there is no such document")
    return RedirectResponse("/documents", _GO)


@router.post("/jobs/{job_id}/cancel")
async def cancel(job_id: str, signed: Sender, here: Here) -> Response:
    """End a job."""
    await here.jobs.cancel(job_id, signed.person.id)
    return RedirectResponse("/documents", _GO)


@router.get("/egress")
async def egress(request: Request, signed: Visitor, here: Here) -> Response:
    """Show what left the machine."""
    _staff(signed, "admin", "clinician")
    rows = await egress_rows(here, 0.0, 200)
    return page(request, "egress.html", service=here, signed=signed, rows=rows)


@router.get("/users")
async def users(request: Request, signed: Visitor, here: Here) -> Response:
    """Show who has an account."""
    return await _users(request, signed, here)


async def _users(request: Request, signed: Signed, here: Here, invitation: str = "") -> Response:
    _staff(signed, "admin")
    return page(
        request,
        "users.html",
        service=here,
        signed=signed,
        people=await here.accounts.people.all(500),
        roles=get_args(Role),
        invitation=invitation,
        base=str(request.base_url).rstrip("/"),
    )


@router.post("/users/invite")
async def invite(
    request: Request, signed: Sender, here: Here, role: Annotated[Role, Form()]
) -> Response:
    """Invite somebody; the link is shown this once."""
    _staff(signed, "admin")
    return await _users(request, signed, here, await here.accounts.invite(role))


@router.post("/users/{user_id}")
async def change_user(
    user_id: str,
    signed: Sender,
    here: Here,
    role: Annotated[Role, Form()],
    disabled: Annotated[bool, Form()] = False,
) -> Response:
    """Change an account."""
    _staff(signed, "admin")
    await here.accounts.change_person(user_id, role, disabled)
    return RedirectResponse("/users", _GO)


@router.get("/numbers")
async def numbers(request: Request, signed: Visitor, here: Here) -> Response:
    """Show how much is done, and how fast."""
    _staff(signed, "admin")
    found = await sums()
    charts = [
        Chart("Requests by page", bars_of(found["catalyst_http_requests_total"], "route")),
        Chart("Answers by status", bars_of(found["catalyst_http_requests_total"], "status")),
        Chart("Model calls", bars_of(found["catalyst_model_calls_total"], "outcome")),
        Chart("Documents read", bars_of(found["catalyst_documents_total"], "outcome")),
    ]
    return page(request, "numbers.html", service=here, signed=signed, charts=charts)
