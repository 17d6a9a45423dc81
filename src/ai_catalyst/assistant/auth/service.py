"""What can be done about accounts, whoever asks: the API, the console or the command line."""

from __future__ import annotations

import logging
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from ai_catalyst.assistant.auth.common import is_common
from ai_catalyst.assistant.auth.repository import People, Person, Session
from ai_catalyst.assistant.limits import SharedLimit
from ai_catalyst.assistant.problems import Problem
from ai_catalyst.assistant.tokens import digest_of, new_secret, unauthorised

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai_catalyst.assistant.config import ServiceConfig
    from ai_catalyst.assistant.keys import Keys
    from ai_catalyst.assistant.passwords import Passwords
    from ai_catalyst.assistant.tokens import Audience, Tokens
    from ai_catalyst.store.scripts import Driver

__all__ = ["ROLES", "Accounts", "Pair", "Role", "Signed"]

log = logging.getLogger(__name__)

Role = Literal["admin", "clinician", "student"]
ROLES: tuple[Role, ...] = get_args(Role)
NEWCOMER: Role = "student"
SETUP_S = 24 * 3600.0
_BELIEVED_S = 5.0
"""So long a session that was found in force is not looked up again by the same worker."""
_BELIEVED = 10_000
_FAILURES = 10
_FAILURES_PER_MINUTE = 1.0
_LEAST_DIFFERENT = 5
_UNKNOWN = "the e-mail address or the password is wrong"


@dataclass(frozen=True, slots=True)
class Signed:
    """Who asks, in which session."""

    person: Person
    session: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What signing in gives: a short token, and the one that renews it."""

    access: str
    refresh: str
    seconds: int
    person: Person
    session: str


class Accounts:
    """Registers, signs in and out, and tells who is there. ``clock`` is the wall's."""

    def __init__(
        self,
        driver: Driver,
        config: ServiceConfig,
        tokens: Tokens,
        keys: Keys,
        passwords: Passwords,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the parts together."""
        self.people = People(driver)
        self._config = config
        self._tokens = tokens
        self._keys = keys
        self._passwords = passwords
        self._clock = clock
        self._believed: OrderedDict[tuple[str, str], tuple[float, Signed]] = OrderedDict()
        rate = config.logins_per_minute
        self._by_address = SharedLimit(
            driver, "address", per_minute=rate, burst=max(1, int(rate)), clock=clock
        )
        self._failures = SharedLimit(
            driver, "failure", per_minute=_FAILURES_PER_MINUTE, burst=_FAILURES, clock=clock
        )

    # Coming in.

    async def register(
        self, email: str, password: str, username: str, address: str, invitation: str | None = None
    ) -> Person:
        """Make an account. Without an invitation it has the least of the roles.

        Raises `Problem`: 409 for a known address, 403 when registration is closed, and for an
        invitation that is not in force.
        """
        await self._by_address.take(address, "too many attempts from here")
        _refuse_easy(password)
        role: str | None = NEWCOMER
        token = digest_of(invitation) if invitation else None
        if token is not None:
            role = await self.people.invited_role(token, self._clock())
            if role is None:
                raise Problem(403, "this invitation was used, or has expired: ask for a new one")
        elif self._config.registration == "closed":
            raise Problem(403, "new accounts need an invitation here: ask an administrator")
        person = Person(
            uuid.uuid4().hex,
            _folded(email),
            username or email.partition("@")[0],
            role or NEWCOMER,
            await self._passwords.hash(password),
            self._clock(),
            disabled=False,
        )
        added = (
            await self.people.add(person)
            if token is None
            else await self.people.add_invited(person, token, self._clock())
        )
        if added is None:
            raise Problem(403, "this invitation was used, or has expired: ask for a new one")
        if not added:
            raise Problem(409, "this e-mail address has an account: sign in")
        return person

    async def login(
        self, email: str, password: str, address: str, audience: Audience = "api"
    ) -> Pair:
        """Sign in; takes as long for an unknown address as for a known one.

        Raises `Problem` 401 for a wrong address or password, 429 after too many of them.
        """
        await self._by_address.take(address, "too many attempts from here")
        name = digest_of(_folded(email)).hex()
        await self._failures.check(name, "too many wrong passwords for this account")
        person = await self.people.by_email(_folded(email))
        right = await self._passwords.verify(person.password if person else None, password)
        if not right or person is None or person.disabled:
            await self._failures.take(name, "too many wrong passwords for this account")
            raise Problem(401, _UNKNOWN, headers={"WWW-Authenticate": "Bearer"})
        await self._failures.clear(name)
        if self._passwords.outdated(person.password):
            await self.people.change(person.id, password=await self._passwords.hash(password))
        return await self._open(person, audience)

    async def _open(self, person: Person, audience: Audience) -> Pair:
        now, console = self._clock(), audience == "console"
        lasts = self._config.console_s if console else self._config.refresh_s
        session = Session(uuid.uuid4().hex, person.id, now + lasts)
        secret = new_secret()
        await self.people.open_session(session, digest_of(secret), now)
        seconds = self._config.console_s if console else self._config.access_s
        access = self._tokens.sign(person.id, session.id, seconds, audience)
        return Pair(access, f"{session.id}.{secret}", int(seconds), person, session.id)

    async def refresh(self, token: str) -> Pair:
        """Change a refresh token for a new pair. Shown twice, it ends its session.

        Raises `Problem` 401.
        """
        session, _, secret = token.partition(".")
        new = new_secret()
        person = await self.people.renew(session, digest_of(secret), digest_of(new), self._clock())
        self._doubt(session)
        if person is None:
            raise unauthorised("the refresh token is not in force: sign in again")
        access = self._tokens.sign(person.id, session, self._config.access_s)
        return Pair(access, f"{session}.{new}", int(self._config.access_s), person, session)

    # Being there.

    async def signed(self, token: str, audience: Audience = "api") -> Signed:
        """Return who shows a token. Raises `Problem` 401.

        A session revoked by another worker ends here some seconds later.
        """
        now = self._clock()
        known = self._believed.get((audience, token))
        if known is not None and known[0] > now:
            return known[1]
        claims = self._tokens.verify(token, audience)
        person = await self.people.by_session(claims.session, now)
        if person is None or person.id != claims.user:
            self._doubt(claims.session)
            raise unauthorised("this session has ended: sign in again")
        signed = Signed(person, claims.session)
        self._believed[audience, token] = (min(now + _BELIEVED_S, claims.expires), signed)
        while len(self._believed) > _BELIEVED:
            self._believed.popitem(last=False)
        return signed

    def is_ours(self, token: str, audience: Audience) -> bool:
        """Tell whether a token is signed by us and not expired, its session unasked."""
        try:
            self._tokens.verify(token, audience)
        except Problem:
            return False
        return True

    def _doubt(self, session: str) -> None:
        """Look a session up again before it is believed."""
        for name in [name for name, one in self._believed.items() if one[1].session == session]:
            del self._believed[name]

    def csrf(self, session: str) -> str:
        """Return the mark that a form of a session must carry."""
        return self._keys.mark("csrf", session)

    def is_csrf(self, mark: str, session: str) -> bool:
        """Tell whether a form's mark is that of its session."""
        return self._keys.is_mark(mark, "csrf", session)

    # Going.

    async def logout(self, session: str) -> None:
        """End a session."""
        self._doubt(session)
        await self.people.revoke(session, self._clock())

    async def change_password(self, signed: Signed, old: str, new: str, address: str) -> None:
        """Change the password; every other session ends. Raises `Problem` 403 for a wrong one."""
        await self._by_address.take(address, "too many attempts from here")
        _refuse_easy(new)
        if not await self._passwords.verify(signed.person.password, old):
            raise Problem(403, "the present password is wrong")
        await self.people.change(signed.person.id, password=await self._passwords.hash(new))
        await self.people.revoke_all(signed.person.id, self._clock(), but=signed.session)
        self._believed.clear()

    # Managing.

    async def change_person(self, user: str, role: Role | None, disabled: bool | None) -> Person:
        """Change role or standing of an account; its sessions end when it is disabled.

        Raises `Problem`: 404 for an unknown one, 409 when no administrator would be left.
        """
        person = await self.people.by_id(user)
        if person is None:
            raise Problem(404, "there is no such account")
        changed = replace(
            person,
            role=role or person.role,
            disabled=person.disabled if disabled is None else disabled,
        )
        if not await self.people.change_standing(user, changed.role, disabled=changed.disabled):
            raise Problem(409, "this is the last administrator: name another one first")
        if changed.disabled:
            await self.people.revoke_all(user, self._clock())
        self._believed.clear()
        return changed

    async def invite(self, role: Role, seconds: float = SETUP_S) -> str:
        """Return the secret of a new invitation, which can be used once."""
        secret = new_secret()
        await self.people.invite(digest_of(secret), role, self._clock() + seconds)
        return secret


def _refuse_easy(password: str) -> None:
    """Raise `Problem` 403 for a password that is long and yet the first to be guessed."""
    if len(set(password)) < _LEAST_DIFFERENT:
        raise Problem(403, f"use at least {_LEAST_DIFFERENT} different characters in the password")
    if is_common(password):
        raise Problem(403, "this password is among the first to be guessed: choose another one")


def _folded(email: str) -> str:
    return email.strip().lower()
