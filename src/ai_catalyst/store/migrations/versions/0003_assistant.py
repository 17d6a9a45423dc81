"""Passages that are searched, and the assistant: people, sessions, documents and jobs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = (
    "assistant_job_events",
    "assistant_job_items",
    "assistant_jobs",
    "assistant_documents",
    "assistant_limits",
    "assistant_invitations",
    "assistant_sessions",
    "assistant_users",
    "passages",
)


def upgrade() -> None:
    """Bring the schema up."""
    _passages()
    _people()
    _documents()
    _jobs()
    if op.get_bind().dialect.name == "sqlite":
        _execute(*SQLITE)
    elif op.get_bind().dialect.name == "postgresql":
        _execute(*POSTGRES)


def _table(name: str, *parts: sa.schema.SchemaItem, key: Sequence[str] = ("id",)) -> None:
    primary = sa.PrimaryKeyConstraint(*key, name=f"pk_{name}")
    counted = any(getattr(part, "autoincrement", None) is True for part in parts)
    options = {"sqlite_autoincrement": True} if counted else {}
    op.create_table(name, *parts, primary, **options)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _float(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _belongs(column: str, parent: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete="CASCADE")


def _passages() -> None:
    _table(
        "passages",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        _text("collection"),
        _text("document"),
        _integer("position"),
        _text("heading"),
        _integer("page", nullable=True),
        _text("text"),
        _text("embedder", nullable=True),
        _bytes("vector", nullable=True),
    )
    op.create_index("ix_passages_document", "passages", ["document"])
    op.create_index("ix_passages_collection", "passages", ["collection"])


def _people() -> None:
    _table(
        "assistant_users",
        _text("id"),
        _text("email"),
        _text("username"),
        _text("role"),
        _text("password"),
        _float("created"),
        _integer("disabled"),
        sa.UniqueConstraint("email", name="uq_assistant_users_email"),
    )
    _table(
        "assistant_sessions",
        _text("id"),
        _text("owner"),
        _bytes("refresh"),
        _bytes("previous", nullable=True),
        _float("created"),
        _float("expires"),
        _float("revoked", nullable=True),
        _belongs("owner", "assistant_users", "fk_assistant_sessions_owner"),
    )
    op.create_index("ix_assistant_sessions_owner", "assistant_sessions", ["owner"])
    _table(
        "assistant_invitations",
        _bytes("token"),
        _text("role"),
        _float("expires"),
        _float("used", nullable=True),
        key=["token"],
    )
    _table("assistant_limits", _text("name"), _float("until"), key=["name"])


def _documents() -> None:
    _table(
        "assistant_documents",
        _text("id"),
        _text("uri"),
        _text("owner"),
        _text("name"),
        _text("title"),
        _text("kind"),
        sa.Column("bytes", Id, nullable=False, autoincrement=False),
        _text("sha256"),
        _text("status"),
        _text("error", nullable=True),
        _integer("pages"),
        _integer("passages"),
        _text("meta"),
        _float("created"),
        sa.UniqueConstraint("uri", name="uq_assistant_documents_uri"),
    )
    op.create_index(
        "ix_assistant_documents_owner_created", "assistant_documents", ["owner", "created"]
    )


def _jobs() -> None:
    _table(
        "assistant_jobs",
        _text("id"),
        _text("owner"),
        _text("status"),
        _integer("total"),
        _integer("done"),
        _integer("failed"),
        _text("error", nullable=True),
        _float("created"),
        _float("updated"),
    )
    op.create_index("ix_assistant_jobs_owner_created", "assistant_jobs", ["owner", "created"])
    _table(
        "assistant_job_items",
        _text("job"),
        _integer("position"),
        _text("document"),
        _text("status"),
        _integer("attempts"),
        _text("holder", nullable=True),
        _float("until"),
        _belongs("job", "assistant_jobs", "fk_assistant_job_items_job"),
        key=["job", "position"],
    )
    op.create_index(
        "ix_assistant_job_items_status_until", "assistant_job_items", ["status", "until"]
    )
    _table(
        "assistant_job_events",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        _text("job"),
        _float("at"),
        _text("event"),
        _text("data"),
        _belongs("job", "assistant_jobs", "fk_assistant_job_events_job"),
    )
    op.create_index("ix_assistant_job_events_job_id", "assistant_job_events", ["job", "id"])


def _execute(*statements: str) -> None:
    for statement in statements:
        op.execute(sa.text(statement))


SQLITE = (
    (
        "CREATE VIRTUAL TABLE passages_search USING fts5(collection, heading, text, "
        "content='passages', content_rowid='id', "
        "tokenize='porter unicode61 remove_diacritics 2')"
    ),
    (
        "CREATE TRIGGER passages_search_add AFTER INSERT ON passages BEGIN "
        "INSERT INTO passages_search(rowid, collection, heading, text) "
        "VALUES (new.id, new.collection, new.heading, new.text); END"
    ),
    (
        "CREATE TRIGGER passages_search_remove AFTER DELETE ON passages BEGIN "
        "INSERT INTO passages_search(passages_search, rowid, collection, heading, text) "
        "VALUES ('delete', old.id, old.collection, old.heading, old.text); END"
    ),
)
POSTGRES = (
    (
        "ALTER TABLE passages ADD COLUMN search tsvector GENERATED ALWAYS AS ("
        "setweight(to_tsvector('english', left(heading, 1000)), 'A') || "
        "to_tsvector('english', left(text, 100000))) STORED"
    ),
    "CREATE INDEX ix_passages_search ON passages USING gin (search)",
)


def downgrade() -> None:
    """Take the tables back."""
    if op.get_bind().dialect.name == "sqlite":
        _execute("DROP TABLE passages_search")
    for name in NAMES:
        op.drop_table(name)
