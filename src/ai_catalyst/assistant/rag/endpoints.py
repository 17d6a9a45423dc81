"""``/api/v1/rag``: diagnose, treatment, ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from ai_catalyst.assistant.dependencies import Here, Known, answers
from ai_catalyst.assistant.problems import problem_of
from ai_catalyst.assistant.rag.schemas import (
    AskAnswer,
    AskRequest,
    DiagnoseAnswer,
    DiagnoseRequest,
    TreatmentAnswer,
    TreatmentRequest,
)
from ai_catalyst.errors import CatalystError

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/rag", tags=["questions"], responses=answers(401, 503))

IN_ADDRESS = 2000
"""Characters of a value in an address: servers take 64 KiB, and a letter may need 12 bytes."""
Words = Annotated[str, Query(min_length=1, max_length=IN_ADDRESS)]
Context = Annotated[str, Query(max_length=IN_ADDRESS)]


@router.get("/diagnose")
async def diagnose_by_query(
    symptoms: Words, known: Known, here: Here, patient_context: Context = ""
) -> DiagnoseAnswer:
    """Return conditions to think of. Better ask by POST: addresses are remembered on the way."""
    return await here.assistant.diagnose(symptoms, patient_context, known.person.id)


@router.post("/diagnose", responses=answers(403))
async def diagnose(body: DiagnoseRequest, known: Known, here: Here) -> DiagnoseAnswer:
    """Return conditions to think of, with the passages that bring them up."""
    return await here.assistant.diagnose(body.symptoms, body.patient_context, known.person.id)


@router.get("/treatment")
async def treatment_by_query(
    diagnosis: Words, known: Known, here: Here, patient_context: Context = ""
) -> TreatmentAnswer:
    """Return what helps. Better ask by POST: addresses are remembered on the way."""
    return await here.assistant.treatment(diagnosis, patient_context, known.person.id)


@router.post("/treatment", responses=answers(403))
async def treatment(body: TreatmentRequest, known: Known, here: Here) -> TreatmentAnswer:
    """Return what helps, with the passages that say so."""
    return await here.assistant.treatment(body.diagnosis, body.patient_context, known.person.id)


_STREAM = {
    200: {
        "description": "The answer; as events `token`, `citations`, `done`, `error` on request.",
        "content": {"text/event-stream": {}},
    },
    **answers(403),
}


@router.post("/ask", response_model=AskAnswer, responses=_STREAM)
async def ask(body: AskRequest, request: Request, known: Known, here: Here) -> Any:
    """Answer a free question over one's own documents and the shelf."""
    if not body.stream:
        return await here.assistant.ask(body.question, known.person.id)
    return StreamingResponse(
        _events(here, body.question, known.person.id),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(here: Here, question: str, owner: str) -> AsyncIterator[str]:
    try:
        async for event, data in here.assistant.stream(question, owner):
            if here.closing.is_set():
                ended = {"status": 503, "detail": "the service is closing: ask again in a minute"}
                yield f"event: error\ndata: {json.dumps(ended)}\n\n"
                return
            yield f"event: {event}\ndata: {json.dumps(data)}\n\n"
    except CatalystError as error:
        status, detail = problem_of(error)
        yield f"event: error\ndata: {json.dumps({'status': status, 'detail': detail})}\n\n"
