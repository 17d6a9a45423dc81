"""``/api/v1/jobs``."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from ai_catalyst.assistant.dependencies import Here, Known, answers
from ai_catalyst.assistant.jobs.repository import ENDS, JobRow
from ai_catalyst.assistant.problems import Problem

__all__ = ["JobOut", "job_out", "router"]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

LOOK_S = 0.5
"""How soon an event of another worker is seen."""


class JobOut(BaseModel):
    """One job: ``done`` and ``failed`` documents of ``total``."""

    id: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    failed: int
    total: int
    error: str | None
    created: float = Field(description="seconds since the epoch")
    updated: float = Field(description="seconds since the epoch")


async def own_job(job_id: str, known: Known, here: Here) -> JobRow:
    """Return a job of whoever asks; anybody else's is not there."""
    row = await here.jobs.get(job_id, known.person.id)
    if row is None:
        raise Problem(404, "there is no such job")
    return row


OwnJob = Annotated[JobRow, Depends(own_job)]


@router.get("", responses=answers(401, 503))
async def list_jobs(
    known: Known, here: Here, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[JobOut]:
    """List one's own jobs, newest first."""
    return [job_out(row) for row in await here.jobs.of(known.person.id, limit)]


@router.get("/{job_id}", responses=answers(401, 404, 503))
async def get_job(job: OwnJob) -> JobOut:
    """Tell how far a job is."""
    return job_out(job)


@router.post("/{job_id}/cancel", responses=answers(401, 403, 404, 503))
async def cancel_job(job: OwnJob, here: Here) -> JobOut:
    """End a job; what it has read stays. One that has ended already stays as it is."""
    await here.jobs.cancel(job.id, job.owner)
    return job_out(await here.jobs.get(job.id, job.owner) or job)


@router.get(
    "/{job_id}/events", responses=answers(401, 404, 503), response_class=EventSourceResponse
)
async def job_events(
    job: OwnJob,
    here: Here,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> AsyncIterable[ServerSentEvent]:
    """Stream what happens, from the beginning or after ``Last-Event-ID``, to the job's end."""
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    after = min(after, 2**62)
    while True:
        events = await here.jobs.events(job.id, after)
        for event in events:
            after = event.id
            yield ServerSentEvent(data=event.data, event=event.event, id=str(event.id))
            if event.event in ENDS:
                return
        if here.closing.is_set():
            return
        if not events:
            row = await here.jobs.get(job.id, job.owner)
            if row is None or (row.status in ENDS and not await here.jobs.events(job.id, after)):
                return
            await here.worker.changed(LOOK_S)


def job_out(row: JobRow) -> JobOut:
    """Return a job as its owner may see it."""
    return JobOut(
        id=row.id,
        status=row.status,
        done=row.done,
        failed=row.failed,
        total=row.total,
        error=row.error,
        created=row.created,
        updated=row.updated,
    )
