"""Which servers there are, and how much of each is used: the settings of the connections."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ai_catalyst.errors import UserError

__all__ = ["ServerSettings", "database_kind"]

_KINDS = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Addresses, sizes and time-outs (seconds) of the servers an application uses.

    A URL that is None means no such server. With ``concurrency`` the sizes that are not given
    follow from it: as many database connections, twice as many HTTP connections.
    """

    database_url: str | None = "sqlite://"
    redis_url: str | None = "redis://localhost"
    concurrency: int | None = None
    sql_pool_size: int | None = None
    sql_max_overflow: int | None = None
    pool_min: int | None = None
    pool_max: int | None = None
    http_connections: int | None = None
    http_per_host: int | None = None
    http_timeout_s: float = 30.0
    http_keepalive_s: float = 30.0
    redis_connections: int | None = None
    connect_timeout_s: float = 10.0
    acquire_timeout_s: float = 30.0
    query_timeout_s: float = 60.0
    reconnect_s: float = 15.0

    def __post_init__(self) -> None:
        """Refuse sizes and time-outs that make no sense."""
        for name, value in asdict(self).items():
            least = 0 if name in {"pool_min", "sql_max_overflow", "reconnect_s"} else None
            wrong = isinstance(value, int | float) and (value < 0 if least == 0 else value <= 0)
            if wrong:
                raise UserError(f"{name} must be {'at least' if least == 0 else 'above'} 0")
        if self.pool_min and self.pool_max and self.pool_min > self.pool_max:
            raise UserError(f"pool_min ({self.pool_min}) is above pool_max ({self.pool_max})")

    @classmethod
    def of(cls, given: object = None) -> ServerSettings:
        """Read settings from whatever a caller has.

        None (``DATABASE_URL`` and ``REDIS_URL``), a database URL, a mapping or object with these
        names, or the application's `Settings`. Raises `UserError` for an unknown key.
        """
        if isinstance(given, ServerSettings):
            return given
        if given is None:
            return cls(**_environment())
        if isinstance(given, str):
            return cls(**{**_environment(), "database_url": given})
        return cls(**{**_environment(), **_named(given)})

    def sized(self) -> ServerSettings:
        """Return these settings with every size filled in; warns where sizes do not match."""
        wanted = self.concurrency
        pool_max = self.pool_max or wanted or 20
        http = self.http_connections or (2 * wanted if wanted else 100)
        done = replace(
            self,
            sql_pool_size=self.sql_pool_size or wanted or 20,
            sql_max_overflow=30 if self.sql_max_overflow is None else self.sql_max_overflow,
            pool_max=pool_max,
            pool_min=min(5, pool_max) if self.pool_min is None else self.pool_min,
            http_connections=http,
            http_per_host=self.http_per_host or min(30 if not wanted else http, http),
            redis_connections=self.redis_connections or max(50, 2 * (wanted or 0)),
        )
        if wanted:
            done._warn_of_mismatch(wanted)
        return done

    def _warn_of_mismatch(self, concurrency: int) -> None:
        for name in ("pool_max", "http_connections", "redis_connections"):
            size = getattr(self, name)
            if size < concurrency:
                warnings.warn(
                    f"{name} is {size}, but {concurrency} operations run at once: "
                    f"{concurrency - size} of them will wait for a connection",
                    UserWarning,
                    stacklevel=4,
                )


def database_kind(url: str) -> str:
    """Return ``postgres``, ``mysql`` or ``sqlite``; raises `UserError` for anything else."""
    scheme = url.partition("://")[0].partition("+")[0].lower()
    if "://" not in url or scheme not in _KINDS:
        raise UserError(
            "the database URL is not understood: use postgresql://user:password@host/name, "
            "mysql://user:password@host/name or sqlite:///file"
        )
    return _KINDS[scheme]


def _environment() -> dict[str, Any]:
    names = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}
    return {key: os.environ[name] for key, name in names.items() if os.environ.get(name)}


def _named(given: object) -> dict[str, Any]:
    known = [field.name for field in fields(ServerSettings)]
    if isinstance(given, Mapping):
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.4)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise UserError(f"unknown connection setting {str(key)!r}{hint}")
        return dict(given)
    database = getattr(given, "database", None)
    found = {name: getattr(given, name) for name in known if hasattr(given, name)}
    if database is None:
        return {key: _plain(value) for key, value in found.items()}
    if database.url is not None:
        found["database_url"] = _plain(database.url)
    return found | {"pool_max": database.pool_size, "http_timeout_s": given.request_timeout}  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    """Return the text behind a pydantic secret."""
    reveal = getattr(value, "get_secret_value", None)
    return reveal() if reveal else value
