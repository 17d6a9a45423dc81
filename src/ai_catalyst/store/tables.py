"""Every table of the store, on one metadata; SQLite and PostgreSQL alike.

Wings put their own tables on the same `metadata`. A column with ``info={"document": True}`` holds
the URI of the document its row came from: `forget` erases such rows together with the document.
Times are seconds since the epoch (UTC); JSON is kept as text.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

__all__ = [
    "articles",
    "cache",
    "costs",
    "egress",
    "feeds",
    "journal",
    "journal_index",
    "leases",
    "marks",
    "metadata",
    "owners",
    "passages",
    "run_items",
    "runs",
    "shared_leases",
    "shared_owners",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer(), "sqlite")

# What is done. Rows are appended, because a random key costs a page write each; their keys go to
# `journal_index` in big sorted groups, up to the id noted in `marks` (see journal_rows.py). On
# PostgreSQL each key is there once: its script makes the index.
journal = Table(
    "journal",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("key", LargeBinary, nullable=False),
    Column("label", Text, nullable=False, info={"document": True}),
    Column("state", Text, nullable=False),  # done | failed
    Column("value", LargeBinary),
    Column("error", Text),
    Column("run", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("updated", Float, nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "ix_journal_failed",
    journal.c.stage,
    sqlite_where=text("state = 'failed'"),
    postgresql_where=text("state = 'failed'"),
)
journal_index = Table(
    "journal_index",
    metadata,
    Column("entry", _Id, primary_key=True, autoincrement=False),  # hash of the key << 31 | id
)
marks = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", _Id, nullable=False),
    sqlite_with_rowid=False,
)
# What is being done, and by whom: a row a group, its keys of 32 bytes side by side.
leases = Table(
    "leases",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("owner", _Id, nullable=False),
    Column("keys", LargeBinary, nullable=False),
    Column("labels", Text, nullable=False),  # JSON array
    sqlite_autoincrement=True,
)
owners = Table(
    "owners",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),  # of the process, as its system tells it
    Column("beat", Integer, nullable=False),
    Column("expires", Float, nullable=False),
    sqlite_autoincrement=True,
)

# The same in a database that many machines share (see shared.py): a row a key, because a row is
# what a server locks. Times are the server's own.
shared_leases = Table(
    "shared_leases",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("ticket", _Id, nullable=False),  # of the group it was taken in: who has lost it knows
    Column("owner", _Id),  # None: given back, its deaths remembered
    Column("label", Text, nullable=False, info={"document": True}),
    Column("run", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("deaths", Integer, nullable=False),  # of owners that held it
    Index(None, "owner"),
)
shared_owners = Table(
    "shared_owners",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),  # of the process, as its system tells it
    Column("beat", Float, nullable=False),
    Column("lease_s", Float, nullable=False),  # how long it is believed to live without a beat
    Column("dead", Boolean, nullable=False),
    Index(None, "name"),
    sqlite_autoincrement=True,
)

cache = Table(
    "cache",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # a digest of kind and key
    Column("size", Integer, nullable=False),
    Column("expires", Float, nullable=False),
    Column("used", Float, nullable=False),
    Column("saved", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False, info={"document": True}),
    Column("key", Text, nullable=False, info={"document": True}),
    Column("value", LargeBinary, nullable=False),
    Index(None, "used", "size"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started", Float, nullable=False),
    Column("finished", Float),
    Column("command", Text, nullable=False),
    Column("options", Text, nullable=False),  # a digest of everything that changes results
    Column("status", Text, nullable=False),
    Column("counts", Text, nullable=False),  # JSON object
    Index(None, "started"),
)
run_items = Table(
    "run_items",
    metadata,
    Column("run", Text, primary_key=True),
    Column("position", _Id, primary_key=True, autoincrement=False),
    Column("key", LargeBinary),
    Column("uri", Text, nullable=False, info={"document": True}),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("error", Text),
    Column("meta", Text),  # JSON object
    sqlite_with_rowid=False,
)

# Where text went, and what it cost: numbers and names of machines, never the text.
egress = Table(
    "egress",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("run", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("bytes", _Id, nullable=False),
    Column("findings", Text, nullable=False),  # JSON object: kind -> how many were replaced
    Index(None, "at"),
)
costs = Table(
    "costs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("run", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_tokens", _Id, nullable=False),
    Column("completion_tokens", _Id, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Index(None, "at"),
)

# What is known of each feed that is followed (see articles/feed_state.py).
feeds = Table(
    "feeds",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("url", Text, nullable=False, unique=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("digest", LargeBinary),  # of the bytes last seen
    Column("title", Text, nullable=False),
    Column("moved_to", Text, nullable=False),
    Column("checked", Float, nullable=False),
    Column("changed", Float, nullable=False),
    Column("due", Float, nullable=False),
    Column("failures", Integer, nullable=False),
    Index(None, "due"),
    sqlite_autoincrement=True,
)
articles = Table(
    "articles",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("identity", Text, nullable=False, unique=True),  # canonical URL, else guid, else hash
    Column("url", Text, nullable=False, info={"document": True}),
    Column("guid", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("published", Text),  # ISO 8601
    Column("summary", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("authors", Text, nullable=False),  # JSON array
    Column("tags", Text, nullable=False),  # JSON array
    Column("page", Text),  # JSON object
    Column("analysis", Text),  # JSON object
    Column("saved", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Index(None, "published"),
)

# What is searched (see search.py): the FTS5 table, or PostgreSQL's column, is made by its script.
passages = Table(
    "passages",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("collection", Text, nullable=False),
    Column("document", Text, nullable=False, info={"document": True}),
    Column("position", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("page", Integer),
    Column("text", Text, nullable=False),
    Column("embedder", Text),  # the model that made the vector
    Column("vector", LargeBinary),  # float32, little-endian, of length 1
    Index(None, "document"),
    Index(None, "collection"),
    sqlite_autoincrement=True,
)
