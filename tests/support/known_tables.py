"""What Alembic is to compare: every wing's tables, but for what only raw SQL can make."""

from __future__ import annotations

from typing import Any

import ai_catalyst.assistant.tables
import ai_catalyst.cluster.tables
import ai_catalyst.pdf.repository_tables  # noqa: F401 - wings put their tables on the metadata


def comparable(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out full-text search (FTS5 tables and their shadows), and indexes of PostgreSQL."""
    searched = kind == "column" and name == "search"
    return "_search" not in (name or "") and not searched and name != "ix_journal_key"


OPTIONS = {"include_name": comparable}
