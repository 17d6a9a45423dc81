"""PostgreSQL's errors, mapped where they enter: what is wrong with the server, and what to do.

Codes are those of PostgreSQL's manual, appendix A. Only our own words and the first line of the
server's go into a message: what follows there may hold values.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from ai_catalyst.errors import StoreError, StoreTimeout

__all__ = ["code_of", "explain", "is_conflict", "is_passing", "shown"]

_SAYS = {
    "53100": "is on a full disk: make room on its server, then run the same command again",
    "53200": "is out of memory: make room on its server, then run the same command again",
    "53300": "has no connection left: raise its max_connections, or lower database.pool_size",
    "58030": "cannot read or write its files: check the server's disk, then run the same command "
    "again",
    "25006": "is read-only: name the primary, not a standby, and see that it may be written",
    "42501": "does not let this user do that: grant the user CREATE and USAGE on the schema, and "
    "its tables",
    "28P01": "refuses the password: check user and password in its URL",
    "28000": "refuses this user: check the user in its URL, and the server's pg_hba.conf",
    "3D000": "does not exist: create it, or check the name in its URL",
    "57P03": "is starting or stopping: try again in a moment",
}
_CONFLICTS = frozenset({"40001", "40P01"})
"""A serialisation failure and a deadlock: the same transaction may succeed the next time."""
_PASSING = frozenset({"53300", "57P01", "57P02", "57P03", "57P05", "25P03"})
"""The server goes away, comes back or is crowded; so does every code of class 08 (connections)."""


def explain(error: BaseException, where: str, otherwise: str) -> StoreError:
    """Return a `StoreError` for a fault of the driver.

    ``where`` is host and name of the database, ``otherwise`` what to say of a fault that has no
    remedy of its own; ``{}`` in it stands for the server's words.
    """
    if isinstance(error, TimeoutError):
        return StoreTimeout(
            f"the database {where} did not answer in time: check that it runs, and the network"
        )
    says = _SAYS.get(code_of(error))
    if says is None:
        words = str(error).partition("\n")[0] or type(error).__name__
        says = otherwise.format(words)
    return StoreError(f"the database {where} {says}")


def code_of(error: BaseException | None) -> str:
    """Return the server's code of an error, "" when it did not come from the server."""
    return str(getattr(error, "sqlstate", None) or "")


def is_conflict(error: BaseException) -> bool:
    """Tell whether a mapped error came of two transactions in each other's way."""
    return code_of(error.__cause__) in _CONFLICTS


def is_passing(error: BaseException) -> bool:
    """Tell whether a mapped error came of a connection that was lost, or could not be had."""
    cause = error.__cause__
    code = code_of(cause)
    if code:
        return code in _PASSING or code.startswith("08")
    # Without a code it is the driver's or the system's word; what the driver calls a wrong use of
    # it (an InterfaceError) is passing only when the connection is gone.
    words = str(cause)
    return isinstance(cause, OSError) or "closed" in words or "released back" in words


def shown(url: str) -> str:
    """Return host and name of a database URL, without user and password.

    A password that was written as it is may hold any sign; what follows its last ``@`` is shown.
    """
    try:
        parts = urlsplit("//" + url.partition("://")[2].rpartition("@")[2])
        host = parts.hostname or (parse_qs(parts.query).get("host") or ["localhost"])[0]
    except ValueError:  # a bracket alone, as of an address of six parts
        return "of that URL"
    return f"{host}{parts.path}"
