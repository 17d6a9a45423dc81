"""The wing's tables: documents by their content, their pages, what was found and who mended it.

A document goes with everything that came of it: rows hang on ``pdf_documents`` by cascade, and a
trigger takes the document when one of its records is forgotten. Full text is searched in
``pdf_search``, an FTS5 table that triggers keep, or by an index where the database is PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from ai_catalyst.store.tables import metadata

__all__ = ["pdf_corrections", "pdf_documents", "pdf_fields", "pdf_pages", "pdf_records"]

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _belongs(column: str, parent: str, name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete="CASCADE")


pdf_documents = Table(
    "pdf_documents",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("sha256", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("pages_digest", Text, nullable=False),  # which text of its pages is kept
    Column("updated", Float, nullable=False),
    UniqueConstraint("sha256"),
    sqlite_autoincrement=True,
)
pdf_pages = Table(
    "pdf_pages",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("document", _Id, nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("document", "number"),
    _belongs("document", "pdf_documents", "fk_pdf_pages_document"),
)
# One row a time that something was found: the same again is the same row.
pdf_records = Table(
    "pdf_records",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("document", _Id, nullable=False),
    Column("file_name", Text, nullable=False, info={"document": True}),
    Column("method", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("saved", Float, nullable=False),
    UniqueConstraint("document", "digest"),
    Index(None, "file_name"),
    _belongs("document", "pdf_documents", "fk_pdf_records_document"),
    sqlite_autoincrement=True,
)
pdf_fields = Table(
    "pdf_fields",
    metadata,
    Column("record", _Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),  # JSON, as the extractor gave it; never changed
    Column("page", Integer),
    Column("quote", Text),
    Column("box", Text),  # JSON array
    Column("confidence", Float),
    Column("source", Text),
    _belongs("record", "pdf_records", "fk_pdf_fields_record"),
)
pdf_corrections = Table(
    "pdf_corrections",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("record", _Id, nullable=False),
    Column("field", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("before", Text, nullable=False),  # JSON
    Column("after", Text, nullable=False),  # JSON
    Index(None, "record"),
    _belongs("record", "pdf_records", "fk_pdf_corrections_record"),
)
