"""`Video`, its table, and the status machine that the database itself enforces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ai_catalyst.errors import UserError

__all__ = [
    "ATTEMPT",
    "NEXT",
    "STATUSES",
    "Id",
    "IdText",
    "Video",
    "check_status",
    "trigger_sql",
    "videos",
]

NEXT: Mapping[str, tuple[str, ...]] = {
    "uploaded": ("processing",),
    "processing": ("ready", "failed"),
    "ready": (),
    "failed": (),
}
"""Where a status may go: ``uploaded → processing → ready | failed``."""
STATUSES = tuple(NEXT)

Id = str | int
ATTEMPT = "attempt"
"""The column that says which call made the last change of status."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Video:
    """One video. ``error`` says why it failed, ``text`` holds the words of its subtitles."""

    id: Id
    user_id: Id
    title: str
    path: str = ""
    status: str = "uploaded"
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    created_at: dt.datetime = field(default_factory=_now)
    rotation: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    error: str | None = None
    text: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Video:
        """Make one of a mapping; raises `UserError` for fields that are missing or unknown."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise UserError(f"a video has no field {unknown[0]!r}")
        missing = [name for name in ("user_id", "title") if data.get(name) is None]
        if missing:
            raise UserError(f"a video needs a {missing[0]!r}")
        given = {key: value for key, value in data.items() if value is not None}
        if isinstance(given.get("created_at"), str):
            given["created_at"] = dt.datetime.fromisoformat(given["created_at"])
        made = cls(**{**given, "path": str(given.get("path", ""))})
        check_status(made.status)
        return made

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Video:
        """Make one of a row of the table."""
        return cls(**{name: value for name, value in row.items() if name != ATTEMPT})

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a mapping."""
        return asdict(self)


def check_status(status: str) -> None:
    """Raise `ValueError` for what is no status."""
    if status not in NEXT:
        raise ValueError(f"no such status: {status!r}; there are {', '.join(STATUSES)}")


class IdText(sa.types.TypeDecorator[Id]):
    """Text, or a whole number written ``#7``: both come back as they were."""

    impl = sa.String(190)
    cache_ok = True

    def process_bind_param(self, value: Id | None, dialect: Any) -> str | None:
        """Write it as text."""
        if value is None:
            return None
        if isinstance(value, int):
            return f"#{value}"
        text = str(value)
        return f"#{text}" if text.startswith("#") else text

    def process_result_value(self, value: str | None, dialect: Any) -> Id | None:
        """Read what was written."""
        if value is None or not value.startswith("#"):
            return value
        return value[1:] if value.startswith("##") else int(value[1:])


class _Moment(sa.types.TypeDecorator[dt.datetime]):
    """A time with its zone, kept as UTC to the microsecond."""

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """Take the zone off, in UTC."""
        return value and value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """Put the zone on."""
        return value and value.replace(tzinfo=dt.UTC)


_LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")

videos = sa.Table(
    "videos",
    sa.MetaData(),
    sa.Column("id", IdText, primary_key=True),
    sa.Column("user_id", IdText, nullable=False),
    sa.Column("title", _LONG, nullable=False),
    sa.Column("path", _LONG, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("duration_s", sa.Double),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("created_at", _Moment, nullable=False),
    sa.Column("rotation", sa.Integer),
    sa.Column("video_codec", sa.String(64)),
    sa.Column("audio_codec", sa.String(64)),
    sa.Column("error", _LONG),
    sa.Column("text", _LONG),
    sa.Column(ATTEMPT, sa.String(32)),
    sa.CheckConstraint(f"status IN ({', '.join(map(repr, STATUSES))})", name="videos_status_known"),
    sa.Index("videos_by_user", "user_id", "created_at"),
    sa.Index("videos_by_status", "status", "created_at"),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)

_LEGAL = " OR ".join(
    f"(OLD.status = '{old}' AND NEW.status = '{new}')" for old, news in NEXT.items() for new in news
)
_ILLEGAL = f"OLD.status <> NEW.status AND NOT ({_LEGAL})"
_WORDS = "illegal status change of a video"


def trigger_sql(kind: str) -> list[str]:
    """Return the statements that make a database refuse an illegal change of status.

    Whoever writes to the table, by whatever way, meets them. Running them again is harmless.
    """
    if kind == "sqlite":
        return [_ON_SQLITE]
    return [_ON_MYSQL] if kind == "mysql" else [_POSTGRES_FUNCTION, _ON_POSTGRES]


_ON_SQLITE = f"""
    CREATE TRIGGER IF NOT EXISTS videos_status BEFORE UPDATE OF status ON videos
    WHEN {_ILLEGAL} BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"""
_ON_MYSQL = f"""
    CREATE TRIGGER IF NOT EXISTS videos_status BEFORE UPDATE ON videos FOR EACH ROW
    IF {_ILLEGAL} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_WORDS}'; END IF"""  # noqa: S608 - constants only
_POSTGRES_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION videos_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF {_ILLEGAL} THEN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW; END $$"""
_ON_POSTGRES = """
    CREATE OR REPLACE TRIGGER videos_status BEFORE UPDATE ON videos
    FOR EACH ROW EXECUTE FUNCTION videos_status()"""
