"""What many machines share: leases a row a key, owners with the server's clock, keys once each."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "shared_leases",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("ticket", Id, nullable=False),
        sa.Column("owner", Id),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_shared_leases"),
    )
    op.create_index("ix_shared_leases_owner", "shared_leases", ["owner"])
    op.create_table(
        "shared_owners",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("beat", sa.Float(), nullable=False),
        sa.Column("lease_s", sa.Float(), nullable=False),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shared_owners"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shared_owners_name", "shared_owners", ["name"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_journal_key", "journal", ["key"], unique=True)


def downgrade() -> None:
    """Take the schema back."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_journal_key", "journal")
    op.drop_table("shared_owners")
    op.drop_table("shared_leases")
