"""Tokens: short signed ones that say who is there, and long random ones that renew them."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import jwt

from ai_catalyst.assistant.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai_catalyst.assistant.keys import Keys

__all__ = ["Claims", "Tokens", "digest_of", "new_secret"]

ALGORITHM = "HS256"
ISSUER = "ai-catalyst"
_CLAIMS = ["exp", "iat", "sub", "sid", "aud", "iss"]
Audience = Literal["api", "console"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: the user, the session, and where it was meant to be shown."""

    user: str
    session: str
    audience: Audience
    expires: float


class Tokens:
    """Signs and verifies. ``clock`` is the wall's, seconds since the epoch."""

    def __init__(self, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        """Use the keys."""
        self._keys = keys
        self._clock = clock

    def sign(self, user: str, session: str, seconds: float, audience: Audience = "api") -> str:
        """Return a token that is good for some seconds."""
        now = int(self._clock())
        claims = {
            "sub": user,
            "sid": session,
            "iat": now,
            "exp": now + int(seconds),
            "iss": ISSUER,
            "aud": audience,
        }
        name = self._keys.current
        return jwt.encode(claims, self._keys.all[name], ALGORITHM, headers={"kid": name})

    def verify(self, token: str, audience: Audience = "api") -> Claims:
        """Return what a token says; raises `Problem` 401 unless it is ours, in force and meant."""
        try:
            name = jwt.get_unverified_header(token).get("kid")
            key = self._keys.all.get(name) if isinstance(name, str) else None
            if key is None:
                raise unauthorised()
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                # The clock is ours, so that it can be turned.
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            raise unauthorised() from None
        expires, user, session = claims["exp"], claims["sub"], claims["sid"]
        if not isinstance(expires, int) or expires <= self._clock():
            raise unauthorised("the token has expired: refresh it, or sign in again")
        if not (isinstance(user, str) and isinstance(session, str)):
            raise unauthorised()
        return Claims(user, session, audience, expires)


def unauthorised(detail: str = "the token is not valid: sign in again") -> Problem:
    """Return the error for whoever is not known."""
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def new_secret() -> str:
    """Return 256 random bits as text for a URL."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a random secret: who reads the database cannot use it."""
    return hashlib.sha256(secret.encode()).digest()
