"""Probes, metrics, and what left the machine."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from ai_catalyst.assistant.dependencies import Here, Staff, answers
from ai_catalyst.assistant.metrics import scrape
from ai_catalyst.assistant.problems import Problem

__all__ = ["EgressOut", "egress_rows", "public", "router"]

public = APIRouter(tags=["operations"])
router = APIRouter(prefix="/api/v1", tags=["operations"])


class Alive(BaseModel):
    """The probe's answer."""

    status: str


class EgressOut(BaseModel):
    """One time that text left: where to, how much, what was taken out; never the text."""

    at: float = Field(description="seconds since the epoch")
    endpoint: str
    host: str
    bytes: int
    findings: dict[str, int] = Field(description="kind of personal data to how many were replaced")


@public.get("/health/live")
async def live() -> Alive:
    """Say that the process serves."""
    return Alive(status="ok")


@public.get("/health/ready", responses=answers(503))
async def ready(here: Here) -> Alive:
    """Say whether it can do its work; the database is asked."""
    ill = await here.ready()
    if ill:
        told = "; ".join(f"{name} {what}" for name, what in ill.items())
        raise Problem(503, told, headers={"Retry-After": "5"})
    return Alive(status="ok")


class Exposition(PlainTextResponse):
    """Prometheus' text format."""

    media_type = "text/plain"


@public.get("/metrics", response_class=Exposition)
async def metrics() -> Exposition:
    """Give the numbers of all workers in Prometheus' text format: counts and times, no names."""
    text = await asyncio.to_thread(scrape)
    return Exposition(text, headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})


@router.get("/egress", responses=answers(401, 403, 503))
async def egress(
    staff: Staff,
    here: Here,
    since: Annotated[float, Query(ge=0, description="seconds since the epoch")] = 0.0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[EgressOut]:
    """Tell what left the machine, newest first."""
    return await egress_rows(here, since, limit)


async def egress_rows(here: Here, since: float, limit: int) -> list[EgressOut]:
    """Return the ledger's newest rows."""
    rows: list[EgressOut] = []
    async for row in here.ledger.egress(since=since):
        rows.append(
            EgressOut(
                at=row.at,
                endpoint=row.endpoint,
                host=row.host,
                bytes=row.bytes,
                findings=dict(row.findings),
            )
        )
        if len(rows) > 2 * limit:
            del rows[:limit]
    return rows[::-1][:limit]
