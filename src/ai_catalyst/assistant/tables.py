"""The wing's tables: people and their sessions, documents, and jobs with their events.

Times are seconds since the epoch (UTC). Ids that people see are random, so that none can be guessed
from another.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from ai_catalyst.store.tables import metadata

__all__ = [
    "documents",
    "invitations",
    "job_events",
    "job_items",
    "jobs",
    "limits",
    "sessions",
    "users",
]

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _belongs(column: str, parent: str, name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete="CASCADE")


users = Table(
    "assistant_users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False),  # lower case
    Column("username", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, encoded
    Column("created", Float, nullable=False),
    Column("disabled", Integer, nullable=False),
    UniqueConstraint("email"),
)
sessions = Table(
    "assistant_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("refresh", LargeBinary, nullable=False),  # SHA-256 of the token in force
    Column("previous", LargeBinary),  # of the one before: whoever shows it has stolen it
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("revoked", Float),
    _belongs("owner", "assistant_users", "fk_assistant_sessions_owner"),
    Index(None, "owner"),
)
invitations = Table(
    "assistant_invitations",
    metadata,
    Column("token", LargeBinary, primary_key=True),  # SHA-256 of what is in the link
    Column("role", Text, nullable=False),
    Column("expires", Float, nullable=False),
    Column("used", Float),
)
limits = Table(
    "assistant_limits",
    metadata,
    Column("name", Text, primary_key=True),
    Column("until", Float, nullable=False),  # GCRA: the theoretical arrival time
)
documents = Table(
    "assistant_documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("uri", Text, nullable=False, info={"document": True}),
    Column("owner", Text, nullable=False),  # a user's id, or "shared"
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("bytes", _Id, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("status", Text, nullable=False),  # queued | ready | failed | cancelled
    Column("error", Text),
    Column("pages", Integer, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("meta", Text, nullable=False),  # JSON object
    Column("created", Float, nullable=False),
    UniqueConstraint("uri"),
    Index(None, "owner", "created"),
)
jobs = Table(
    "assistant_jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),  # queued | running | done | failed | cancelled
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("error", Text),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Index(None, "owner", "created"),
)
job_items = Table(
    "assistant_job_items",
    metadata,
    Column("job", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("status", Text, nullable=False),  # queued | leased | done | failed | cancelled
    Column("attempts", Integer, nullable=False),
    Column("holder", Text),
    Column("until", Float, nullable=False),  # of the lease
    _belongs("job", "assistant_jobs", "fk_assistant_job_items_job"),
    Index(None, "status", "until"),
)
job_events = Table(
    "assistant_job_events",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("event", Text, nullable=False),
    Column("data", Text, nullable=False),  # JSON object
    _belongs("job", "assistant_jobs", "fk_assistant_job_events_job"),
    Index(None, "job", "id"),
    sqlite_autoincrement=True,
)
