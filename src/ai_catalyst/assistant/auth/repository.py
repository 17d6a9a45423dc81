"""People, sessions and invitations as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_catalyst.store.scripts import Ask

if TYPE_CHECKING:
    from ai_catalyst.store.scripts import Driver, Script

__all__ = ["People", "Person", "Session"]

_PERSON = "id, email, username, role, password, created, disabled"


@dataclass(frozen=True, slots=True)
class Person:
    """One account. ``password`` is the encoded hash; ``created`` seconds since the epoch."""

    id: str
    email: str
    username: str
    role: str
    password: str
    created: float
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One signing in, until it expires or is revoked."""

    id: str
    owner: str
    expires: float


class People:
    """Reads and writes them."""

    def __init__(self, driver: Driver) -> None:
        """Use a driver; it stays its owner's."""
        self._driver = driver

    async def by_email(self, email: str) -> Person | None:
        """Return the account with an address."""
        rows = await self._driver.rows(
            f"SELECT {_PERSON} FROM assistant_users WHERE email = ?",  # noqa: S608 - our columns
            [email],
        )
        return _person(rows[0]) if rows else None

    async def by_id(self, user: str) -> Person | None:
        """Return an account."""
        rows = await self._driver.rows(
            f"SELECT {_PERSON} FROM assistant_users WHERE id = ?",  # noqa: S608 - our columns
            [user],
        )
        return _person(rows[0]) if rows else None

    async def by_session(self, session: str, now: float) -> Person | None:
        """Return whose session it is, when it is in force and the account is not disabled."""
        rows = await self._driver.rows(
            "SELECT u.id, u.email, u.username, u.role, u.password, u.created, u.disabled "
            "FROM assistant_sessions AS s JOIN assistant_users AS u ON u.id = s.owner "
            "WHERE s.id = ? AND s.revoked IS NULL AND s.expires > ? AND u.disabled = 0",
            [session, now],
        )
        return _person(rows[0]) if rows else None

    async def all(self, limit: int, after: str = "") -> list[Person]:
        """Return accounts by address, a page of them."""
        rows = await self._driver.rows(
            f"SELECT {_PERSON} FROM assistant_users "  # noqa: S608 - our columns
            "WHERE email > ? ORDER BY email LIMIT ?",
            [after, limit],
        )
        return [_person(row) for row in rows]

    async def has_admin(self) -> bool:
        """Tell whether anybody may manage accounts."""
        return bool(
            await self._driver.rows(
                "SELECT 1 FROM assistant_users WHERE role = 'admin' AND disabled = 0 LIMIT 1"
            )
        )

    async def add(self, person: Person) -> bool:
        """Make an account; False when the address has one."""
        return await self._driver.write(lambda: _add(person))

    async def add_invited(self, person: Person, token: bytes, now: float) -> bool | None:
        """Make an account by an invitation, which is used up with it.

        None when the invitation is not in force, False when the address has an account.
        """
        return await self._driver.write(lambda: _add_invited(person, token, now))

    async def change(self, user: str, **values: Any) -> None:
        """Change columns of an account."""
        sets = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE assistant_users SET {sets} WHERE id = ?"  # noqa: S608 - names of ours
        await self._driver.write(lambda: _tell(sql, *values.values(), user))

    async def change_standing(self, user: str, role: str, *, disabled: bool) -> bool:
        """Change role and standing, unless no administrator would be left; says whether it did."""
        return await self._driver.write(
            lambda: _change_standing(user, role, int(disabled), postgres=self._driver.postgres)
        )

    async def invite(self, token: bytes, role: str, expires: float) -> None:
        """Make an invitation."""
        sql = "INSERT INTO assistant_invitations (token, role, expires) VALUES (?, ?, ?)"
        await self._driver.write(lambda: _tell(sql, token, role, expires))

    async def invited_role(self, token: bytes, now: float) -> str | None:
        """Return the role that an invitation gives, when it is in force."""
        rows = await self._driver.rows(
            "SELECT role FROM assistant_invitations "
            "WHERE token = ? AND used IS NULL AND expires > ?",
            [token, now],
        )
        return str(rows[0]["role"]) if rows else None

    async def open_session(self, session: Session, refresh: bytes, now: float) -> None:
        """Begin a session; ends that are long past are cleared away."""
        await self._driver.write(lambda: _open(session, refresh, now))

    async def renew(self, session: str, shown: bytes, new: bytes, now: float) -> Person | None:
        """Change the refresh token of a session for a new one; returns whose it is.

        One that was changed before has been stolen, from its owner or by him: the session ends.
        """
        return await self._driver.write(lambda: _renew(session, shown, new, now))

    async def revoke(self, session: str, now: float) -> None:
        """End a session."""
        sql = "UPDATE assistant_sessions SET revoked = ? WHERE id = ? AND revoked IS NULL"
        await self._driver.write(lambda: _tell(sql, now, session))

    async def revoke_all(self, user: str, now: float, *, but: str = "") -> None:
        """End every session of an account, but one."""
        sql = (
            "UPDATE assistant_sessions SET revoked = ? "
            "WHERE owner = ? AND id <> ? AND revoked IS NULL"
        )
        await self._driver.write(lambda: _tell(sql, now, user, but))


def _tell(sql: str, *parameters: Any) -> Script[None]:
    yield Ask(sql, parameters)


def _add(person: Person) -> Script[bool]:
    rows = yield Ask(
        "INSERT INTO assistant_users (id, email, username, role, password, created, disabled) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email) DO NOTHING RETURNING id",
        [
            person.id,
            person.email,
            person.username,
            person.role,
            person.password,
            person.created,
            int(person.disabled),
        ],
    )
    return bool(rows)


def _change_standing(user: str, role: str, disabled: int, *, postgres: bool) -> Script[bool]:
    lock = " FOR UPDATE" if postgres else ""  # or two could demote each other at once
    rows = yield Ask(
        f"SELECT id FROM assistant_users WHERE role = 'admin' AND disabled = 0{lock}"  # noqa: S608
    )
    others = {row["id"] for row in rows} - {user}
    is_admin = len(others) < len(rows)
    if is_admin and not others and (role != "admin" or disabled):
        return False
    yield Ask(
        "UPDATE assistant_users SET role = ?, disabled = ? WHERE id = ?", [role, disabled, user]
    )
    return True


def _add_invited(person: Person, token: bytes, now: float) -> Script[bool | None]:
    known = yield Ask("SELECT 1 FROM assistant_users WHERE email = ?", [person.email])
    if known:
        return False
    rows = yield Ask(
        "UPDATE assistant_invitations SET used = ? "
        "WHERE token = ? AND used IS NULL AND expires > ? RETURNING role",
        [now, token, now],
    )
    if not rows:
        return None
    return (yield from _add(person))


def _open(session: Session, refresh: bytes, now: float) -> Script[None]:
    yield Ask(
        "DELETE FROM assistant_sessions WHERE owner = ? AND expires < ?", [session.owner, now]
    )
    yield Ask(
        "INSERT INTO assistant_sessions (id, owner, refresh, created, expires) "
        "VALUES (?, ?, ?, ?, ?)",
        [session.id, session.owner, refresh, now, session.expires],
    )


def _renew(session: str, shown: bytes, new: bytes, now: float) -> Script[Person | None]:
    rows = yield Ask(
        "UPDATE assistant_sessions SET refresh = ?, previous = refresh "
        "WHERE id = ? AND refresh = ? AND revoked IS NULL AND expires > ? RETURNING owner",
        [new, session, shown, now],
    )
    if not rows:
        # Only the right old token ends a session: a guess must not sign anybody out.
        yield Ask(
            "UPDATE assistant_sessions SET revoked = ? "
            "WHERE id = ? AND previous = ? AND revoked IS NULL",
            [now, session, shown],
        )
        return None
    found = yield Ask(
        f"SELECT {_PERSON} FROM assistant_users WHERE id = ? AND disabled = 0",  # noqa: S608
        [rows[0]["owner"]],
    )
    return _person(found[0]) if found else None


def _person(row: Any) -> Person:
    return Person(
        id=row["id"],
        email=row["email"],
        username=row["username"],
        role=row["role"],
        password=row["password"],
        created=row["created"],
        disabled=bool(row["disabled"]),
    )
