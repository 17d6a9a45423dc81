"""The cluster's tables: which shards a run was cut into, and what ended every worker it met.

They live beside the journal, because the retry budget of a shard must survive the engine that runs
it: an engine that counts by itself sends a document that kills its worker for ever.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table, Text

from ai_catalyst.store.tables import metadata

__all__ = ["poisoned", "shards"]

shards = Table(
    "shards",
    metadata,
    Column("run", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),  # the first source's place in the plan
    Column("count", Integer, nullable=False),  # of sources
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),  # of workers that died over it
    Column("owner", Text, nullable=False),  # who has it, or had it last
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("error", Text),
    Column("sources", LargeBinary, nullable=False),  # packed; emptied when it is done
)

# Not of one run: a document that ended its workers once is left out until somebody asks for it.
poisoned = Table(
    "poisoned",
    metadata,
    Column("stage", Text, primary_key=True),
    Column("label", Text, primary_key=True, info={"document": True}),
    Column("key", LargeBinary, primary_key=True),  # empty: it never came as far as to have one
    Column("run", Text, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", Float, nullable=False),
)
