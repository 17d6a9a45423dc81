"""``/api/v1/documents`` and ``/api/v1/search``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, File, Query, UploadFile

from ai_catalyst.assistant.dependencies import Here, Known, answers
from ai_catalyst.assistant.documents.repository import SHARED, DocumentRow
from ai_catalyst.assistant.documents.schemas import (
    Accepted,
    DocumentOut,
    PassageOut,
    SearchRequest,
)
from ai_catalyst.assistant.documents.service import MOST_FILES
from ai_catalyst.assistant.problems import Problem

if TYPE_CHECKING:
    from ai_catalyst.assistant.auth.service import Signed
    from ai_catalyst.assistant.service import Service

__all__ = ["document_out", "router"]

router = APIRouter(prefix="/api/v1", tags=["documents"])


@router.post("/documents", status_code=202, responses=answers(401, 403, 413, 415, 503, 507))
async def upload(
    file: Annotated[list[UploadFile], File(description="one file, or several", min_length=1)],
    known: Known,
    here: Here,
) -> Accepted:
    """Take files of any format that can be read; a job reads them behind this request."""
    if len(file) > MOST_FILES:
        raise Problem(413, f"{MOST_FILES} files at once are the most: send them in parts")
    files = [(one.filename or "", one.file) for one in file]
    rows, job = await here.library.take(known.person.id, files, here.clock())
    here.worker.wake()
    return Accepted(id=rows[0].id, job_id=job, ids=[row.id for row in rows])


@router.get("/documents", responses=answers(401, 503))
async def list_documents(
    known: Known,
    here: Here,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[float | None, Query(description="created before, seconds")] = None,
    status: Literal["queued", "ready", "failed", "cancelled"] | None = None,
) -> list[DocumentOut]:
    """List one's own documents, newest first."""
    rows = await here.documents.of(known.person.id, limit, before, status)
    return [document_out(row) for row in rows]


@router.get("/documents/{document_id}", responses=answers(401, 404, 503))
async def get_document(document_id: str, known: Known, here: Here) -> DocumentOut:
    """Tell of a document that is one's own, or everybody's."""
    row = await here.documents.get(document_id, known.person.id)
    if row is None:
        raise Problem(404, "there is no such document")
    return document_out(row)


@router.delete("/documents/{document_id}", status_code=204, responses=answers(401, 403, 404, 503))
async def delete_document(document_id: str, known: Known, here: Here) -> None:
    """Erase one's own document with all that came of it."""
    if not await here.library.remove(document_id, known.person.id):
        raise Problem(404, "there is no such document")


@router.post("/search", responses=answers(401, 403, 503))
async def search(body: SearchRequest, known: Known, here: Here) -> list[PassageOut]:
    """Search one's own documents and the shelf; words are looked for, syntax means nothing."""
    return await _found(here, known, body.q, body.limit)


@router.get("/search", responses=answers(401, 503))
async def search_by_query(
    known: Known,
    here: Here,
    q: Annotated[str, Query(min_length=1, max_length=2000)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[PassageOut]:
    """Search. Better by POST: addresses are remembered on the way."""
    return await _found(here, known, q, limit)


async def _found(here: Service, known: Signed, q: str, limit: int) -> list[PassageOut]:
    owner = known.person.id
    hits = await here.search.search(q, [owner, SHARED], limit=limit)
    documents = await here.documents.named([hit.document for hit in hits], owner)
    return [
        PassageOut(
            id=hit.id,
            document_id=documents[hit.document].id,
            document=documents[hit.document].title or documents[hit.document].name,
            heading=hit.heading,
            page=hit.page,
            text=hit.text,
            score=hit.score,
        )
        for hit in hits
        if hit.document in documents
    ]


def document_out(row: DocumentRow) -> DocumentOut:
    """Return a document as its readers may see it."""
    return DocumentOut(
        id=row.id,
        name=row.name,
        title=row.title,
        kind=row.kind,
        bytes=row.bytes,
        sha256=row.sha256,
        status=row.status,
        error=row.error,
        pages=row.pages,
        passages=row.passages,
        created=row.created,
        shared=row.owner == SHARED,
    )
