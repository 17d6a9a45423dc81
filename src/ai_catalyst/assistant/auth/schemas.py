"""What the routes of accounts take and give."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from ai_catalyst.assistant.auth.service import Role

__all__ = [
    "AccountChange",
    "Credentials",
    "Invitation",
    "InvitationRequest",
    "PasswordChange",
    "RefreshRequest",
    "Registration",
    "TokenPair",
    "UserOut",
]

_EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
LEAST = 10
"""Characters of a password; length is what counts (NIST SP 800-63B)."""


def _shown(text: str) -> str:
    """Drop what cannot be seen."""
    return "".join(sign for sign in text if sign.isprintable()).strip()


class Strict(BaseModel):
    """A body whose unknown keys are refused: nobody slips in a role."""

    model_config = ConfigDict(extra="forbid")


Email = Annotated[str, Field(max_length=254, pattern=_EMAIL, examples=["sam@example.org"])]
NewPassword = Annotated[str, Field(min_length=LEAST, max_length=256)]


class Registration(Strict):
    """A new account."""

    email: Email
    password: NewPassword
    username: Annotated[str, AfterValidator(_shown)] = Field("", max_length=80)
    invitation: str | None = Field(None, max_length=200)


class Credentials(Strict):
    """Who signs in."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=256)


class RefreshRequest(Strict):
    """What renews a session."""

    refresh_token: str = Field(max_length=200)


class PasswordChange(Strict):
    """The present password and the one to be."""

    old_password: str = Field(max_length=256)
    new_password: NewPassword


class UserOut(BaseModel):
    """An account as others may see it."""

    id: str
    email: str
    username: str
    role: Role
    created: float = Field(description="seconds since the epoch")
    disabled: bool = False


class TokenPair(BaseModel):
    """A short token, and the one that renews it, once."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind, not the token
    expires_in: int = Field(description="seconds")
    refresh_token: str
    user: UserOut


class AccountChange(Strict):
    """What an administrator may change."""

    role: Role | None = None
    disabled: StrictBool | None = None


class InvitationRequest(Strict):
    """The role that an invitation gives, and how long it is good."""

    role: Role = "clinician"
    hours: int = Field(24, ge=1, le=24 * 30)


class Invitation(BaseModel):
    """What is in the link; it is shown once."""

    invitation: str
    role: Role
    expires: float = Field(description="seconds since the epoch")
