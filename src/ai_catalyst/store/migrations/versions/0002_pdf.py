"""The PDF wing: documents, pages, records, fields, corrections, and search over pages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    _documents()
    _records()
    if op.get_bind().dialect.name == "sqlite":
        _execute(*SQLITE)
    elif op.get_bind().dialect.name == "postgresql":
        _execute(*POSTGRES)


def _belongs(column: str, parent: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete="CASCADE")


def _documents() -> None:
    op.create_table(
        "pdf_documents",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("pages_digest", sa.Text(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pdf_documents"),
        sa.UniqueConstraint("sha256", name="uq_pdf_documents_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pdf_pages",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("document", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pdf_pages"),
        sa.UniqueConstraint("document", "number", name="uq_pdf_pages_document_number"),
        _belongs("document", "pdf_documents", "fk_pdf_pages_document"),
    )


def _records() -> None:
    op.create_table(
        "pdf_records",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("document", Id, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("saved", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pdf_records"),
        sa.UniqueConstraint("document", "digest", name="uq_pdf_records_document_digest"),
        _belongs("document", "pdf_documents", "fk_pdf_records_document"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pdf_records_file_name", "pdf_records", ["file_name"])
    op.create_table(
        "pdf_fields",
        sa.Column("record", Id, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer()),
        sa.Column("quote", sa.Text()),
        sa.Column("box", sa.Text()),
        sa.Column("confidence", sa.Float()),
        sa.Column("source", sa.Text()),
        sa.PrimaryKeyConstraint("record", "position", name="pk_pdf_fields"),
        _belongs("record", "pdf_records", "fk_pdf_fields_record"),
    )
    op.create_table(
        "pdf_corrections",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("record", Id, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pdf_corrections"),
        _belongs("record", "pdf_records", "fk_pdf_corrections_record"),
    )
    op.create_index("ix_pdf_corrections_record", "pdf_corrections", ["record"])


def _execute(*statements: str) -> None:
    for statement in statements:
        op.execute(sa.text(statement))


# A document goes when one of its records is forgotten: equal content is the same document.
SQLITE = (
    (
        "CREATE VIRTUAL TABLE pdf_search USING fts5(text, content='pdf_pages', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 2')"
    ),
    (
        "CREATE TRIGGER pdf_search_add AFTER INSERT ON pdf_pages BEGIN "
        "INSERT INTO pdf_search(rowid, text) VALUES (new.id, new.text); END"
    ),
    (
        "CREATE TRIGGER pdf_search_remove AFTER DELETE ON pdf_pages BEGIN "
        "INSERT INTO pdf_search(pdf_search, rowid, text) VALUES ('delete', old.id, old.text); END"
    ),
    (
        "CREATE TRIGGER pdf_records_forgotten AFTER DELETE ON pdf_records BEGIN "
        "DELETE FROM pdf_documents WHERE id = old.document; END"
    ),
)
# A tsvector holds less than 1 MB: of a page longer than that its beginning is searched.
POSTGRES = (
    "CREATE INDEX ix_pdf_search ON pdf_pages USING gin (to_tsvector('simple', left(text, 100000)))",
    (
        "CREATE FUNCTION pdf_records_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "DELETE FROM pdf_documents WHERE id = OLD.document; RETURN NULL; END $$"
    ),
    (
        "CREATE TRIGGER pdf_records_forgotten AFTER DELETE ON pdf_records "
        "FOR EACH ROW EXECUTE FUNCTION pdf_records_forgotten()"
    ),
)


def downgrade() -> None:
    """Take the tables back."""
    if op.get_bind().dialect.name == "sqlite":
        _execute("DROP TABLE pdf_search")
    for name in ("pdf_corrections", "pdf_fields", "pdf_records", "pdf_pages", "pdf_documents"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        _execute("DROP FUNCTION pdf_records_forgotten")
