"""What the routes of documents give."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Accepted", "DocumentOut", "PassageOut", "SearchRequest"]


class Accepted(BaseModel):
    """An upload that is being read: its first document, all of them, and the job."""

    id: str
    job_id: str
    ids: list[str]


class DocumentOut(BaseModel):
    """One document. ``passages`` can be searched once it is ``ready``."""

    id: str
    name: str
    title: str
    kind: str
    bytes: int
    sha256: str
    status: Literal["queued", "ready", "failed", "cancelled"]
    error: str | None
    pages: int
    passages: int
    created: float = Field(description="seconds since the epoch")
    shared: bool = Field(description="on the shelf that everybody reads")


def _whole(value: Any) -> Any:
    """Take 40.0 for the integer that it is in JSON; text and true are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class SearchRequest(BaseModel):
    """Words to look for."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(min_length=1, max_length=20_000)
    limit: Annotated[int, Field(ge=1, le=50, strict=True), BeforeValidator(_whole)] = 10


class PassageOut(BaseModel):
    """One passage that answers a search; ``score`` compares within one answer."""

    id: int
    document_id: str
    document: str
    heading: str
    page: int | None
    text: str
    score: float
