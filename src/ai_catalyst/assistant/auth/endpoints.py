"""``/api/auth`` and ``/api/v1/users``."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request

from ai_catalyst.assistant.auth.repository import Person
from ai_catalyst.assistant.auth.schemas import (
    AccountChange,
    Credentials,
    Invitation,
    InvitationRequest,
    PasswordChange,
    RefreshRequest,
    Registration,
    TokenPair,
    UserOut,
)
from ai_catalyst.assistant.auth.service import Pair
from ai_catalyst.assistant.dependencies import Admin, Here, Known, answers
from ai_catalyst.assistant.middleware import client_of

__all__ = ["public", "router", "users"]

public = APIRouter(prefix="/api/auth", tags=["accounts"])
"""Routes that need no token: they give one."""
router = APIRouter(prefix="/api/auth", tags=["accounts"])
users = APIRouter(prefix="/api/v1", tags=["administration"])


@public.post("/register", status_code=201, responses=answers(403, 409, 429, 503))
async def register(body: Registration, request: Request, here: Here) -> UserOut:
    """Make an account; without an invitation it has the least of the roles."""
    person = await here.accounts.register(
        body.email, body.password, body.username, client_of(request.scope), body.invitation
    )
    return user_out(person)


@public.post("/login", responses=answers(401, 429, 503))
async def login(body: Credentials, request: Request, here: Here) -> TokenPair:
    """Sign in."""
    return _pair(await here.accounts.login(body.email, body.password, client_of(request.scope)))


@public.post("/refresh", responses=answers(401, 503))
async def refresh(body: RefreshRequest, here: Here) -> TokenPair:
    """Change a refresh token for a new pair; one that is shown twice ends its session."""
    return _pair(await here.accounts.refresh(body.refresh_token))


@router.post("/logout", status_code=204, responses=answers(401, 403, 503))
async def logout(known: Known, here: Here) -> None:
    """End this session."""
    await here.accounts.logout(known.session)


@router.get("/me", responses=answers(401, 503))
async def me(known: Known) -> UserOut:
    """Tell who is signed in."""
    return user_out(known.person)


@router.post("/password", status_code=204, responses=answers(401, 403, 429, 503))
async def change_password(body: PasswordChange, request: Request, known: Known, here: Here) -> None:
    """Change the password; every other session of the account ends."""
    await here.accounts.change_password(
        known, body.old_password, body.new_password, client_of(request.scope)
    )


@users.get("/users", responses=answers(401, 403, 503))
async def list_users(
    admin: Admin,
    here: Here,
    after: Annotated[str, Query(max_length=254)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[UserOut]:
    """List accounts by address, a page of them."""
    return [user_out(one) for one in await here.accounts.people.all(limit, after)]


@users.patch("/users/{user_id}", responses=answers(401, 403, 404, 409, 503))
async def change_user(user_id: str, body: AccountChange, admin: Admin, here: Here) -> UserOut:
    """Change an account's role, or disable it, which ends its sessions."""
    return user_out(await here.accounts.change_person(user_id, body.role, body.disabled))


@users.post("/invitations", status_code=201, responses=answers(401, 403, 503))
async def invite(body: InvitationRequest, admin: Admin, here: Here) -> Invitation:
    """Invite somebody; the secret is shown this once."""
    seconds = body.hours * 3600.0
    secret = await here.accounts.invite(body.role, seconds)
    return Invitation(invitation=secret, role=body.role, expires=time.time() + seconds)


def user_out(person: Person) -> UserOut:
    """Return an account without its password."""
    return UserOut.model_validate(person, from_attributes=True)


def _pair(pair: Pair) -> TokenPair:
    return TokenPair(
        access_token=pair.access,
        expires_in=pair.seconds,
        refresh_token=pair.refresh,
        user=user_out(pair.person),
    )
