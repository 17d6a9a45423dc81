"""What a database error means: try again, connect again, or give up."""

from __future__ import annotations

import re
from typing import Any

from ai_catalyst.errors import StoreError, StoreTimeout, UserError

__all__ = ["explain", "is_conflict", "is_duplicate", "is_lost"]

# SQLSTATEs: ISO 9075 classes, and PostgreSQL's appendix A.
_CONFLICT_STATES = {"40001", "40P01"}
_LOST_STATES = {"57P01", "57P02", "57P03", "53300", "25006"}
# Numbers of MySQL's and MariaDB's error references.
_CONFLICT_NUMBERS = {1205, 1213, 1020}
_LOST_NUMBERS = {1040, 1053, 1077, 1927, 2002, 2003, 2006, 2013, 2014, 2055, 4031}
_DUPLICATE_NUMBERS = {1062}
_VAGUE = {"InterfaceError", "InternalError", "InternalClientError"}
_LOST_WORDS = re.compile(
    r"connection (was |is |has been )?(closed|lost|reset|terminated)|closed in the middle"
    r"|released back to the pool|not connected|underlying connection|no active connection"
    r"|another operation (\(\d+\) )?is in progress|handler is closed|closing transport",
    re.IGNORECASE,
)


def is_conflict(error: BaseException) -> bool:
    """Say whether a transaction lost against another and may simply be run again."""
    for one in _chain(error):
        if _state(one) in _CONFLICT_STATES or _number(one) in _CONFLICT_NUMBERS:
            return True
        if _is_sqlite(one) and ("locked" in str(one) or "busy" in str(one)):
            return True
    return False


def is_lost(error: BaseException) -> bool:
    """Say whether the connection, not the statement, is what failed."""
    chain = _chain(error)
    if any(map(_is_time_out, chain)):
        return False
    for one in chain:
        state = _state(one)
        if state in _LOST_STATES or state.startswith("08"):
            return True
        if _number(one) in _LOST_NUMBERS or getattr(one, "connection_invalidated", False):
            return True
        if isinstance(one, EOFError | OSError) or _is_redis(one, "ConnectionError"):
            return True
        if type(one).__name__ in _VAGUE and _LOST_WORDS.search(str(one)):
            return True
    return False


def is_duplicate(error: BaseException) -> bool:
    """Say whether a row with this key is there already."""
    return any(
        _state(one) == "23505"
        or _number(one) in _DUPLICATE_NUMBERS
        or (_is_sqlite(one) and "UNIQUE constraint" in str(one))
        for one in _chain(error)
    )


def explain(error: BaseException, what: str) -> StoreError | UserError:
    """Return the error of ours that says what failed and what to do; never a password or a row."""
    if isinstance(error, ImportError):
        return UserError(f"{what}: {error.name or 'a package of it'} is not installed")
    return _explained(error, what)


def _explained(error: BaseException, what: str) -> StoreError | UserError:
    for one in _chain(error):
        state, number = _state(one), _number(one)
        if state in {"28P01", "28000"} or number in {1045, 1698}:
            return UserError(f"{what}: the user or password was refused; check the URL")
        if state == "3D000" or number == 1049:
            return UserError(f"{what}: there is no such database; create it or check the URL")
        if state == "57014" or number in {1969, 3024} or _is_time_out(one):
            return StoreTimeout(f"{what}: no answer in time; raise the time-out or the pool size")
        if state == "53100" or "disk is full" in str(one) or number in {1021, 28}:
            return StoreError(f"{what}: the disk is full")
        if _is_sqlite(one) and "unable to open" in str(one):
            return StoreError(f"{what}: the file cannot be opened; check that its folder exists")
        if _is_sqlite(one) and "readonly" in str(one):
            return StoreError(f"{what}: the file may not be written")
    if is_lost(error):
        return StoreError(f"{what}: the server does not answer; check that it runs")
    if is_duplicate(error):
        return StoreError(f"{what}: a row with this key is there already")
    state = next((_state(one) for one in _chain(error) if _state(one)), "")
    return StoreError(f"{what}: {type(error).__name__}{f' ({state})' if state else ''}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and those it was made from, without walking in circles."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 8:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [getattr(one, "orig", None), one.__cause__]
            waiting += getattr(one, "exceptions", ())
    return found


def _state(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")


def _number(error: BaseException) -> int:
    """Return a MySQL error number; drivers put it first."""
    first = error.args[0] if error.args else None
    known = type(error).__module__.startswith(("asyncmy", "aiomysql", "pymysql"))
    return first if known and isinstance(first, int) else 0


def _is_sqlite(error: BaseException) -> bool:
    return type(error).__module__ == "sqlite3"


def _is_redis(error: BaseException, name: str) -> bool:
    kinds = type(error).__mro__
    return any(kind.__name__ == name and kind.__module__.startswith("redis") for kind in kinds)


def _is_time_out(error: BaseException) -> bool:
    """Say whether our own patience ended; asyncmy calls that a lost connection."""
    if isinstance(error, TimeoutError):
        return getattr(error, "errno", None) is None
    slow = _number(error) == 2013 and "timeout" in str(error.args[-1])
    return slow or _is_redis(error, "TimeoutError")
