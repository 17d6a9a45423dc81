"""What the routes of questions take and give."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

__all__ = [
    "AiResponse",
    "AskAnswer",
    "AskRequest",
    "Candidate",
    "Citation",
    "DiagnoseAnswer",
    "DiagnoseRequest",
    "Query",
    "TreatmentAnswer",
    "TreatmentQuery",
    "TreatmentRequest",
]

MOST = 20_000
"""Characters of a question."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=MOST)]
Context = Annotated[str, StringConstraints(max_length=MOST)]


class Strict(BaseModel):
    """A body whose unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class DiagnoseRequest(Strict):
    """What a person complains of, and what is known of them."""

    symptoms: Words
    patient_context: Context = ""


class TreatmentRequest(Strict):
    """A condition, and what is known of the person."""

    diagnosis: Words
    patient_context: Context = ""


class AskRequest(Strict):
    """A free question over one's own documents and the shelf."""

    question: Words
    stream: StrictBool = Field(False, description="answer as server-sent events")


class Citation(BaseModel):
    """One passage an answer rests on; ``number`` is how the answer names it."""

    number: int
    document_id: str
    document: str
    heading: str
    page: int | None
    passage: str


class AiResponse(BaseModel):
    """What was answered, and by whom; ``model_used`` None means nobody: passages alone."""

    response: str
    model_used: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Query(BaseModel):
    """What was asked."""

    symptoms: str
    patient_context: str


class TreatmentQuery(BaseModel):
    """What was asked."""

    diagnosis: str
    patient_context: str


class Candidate(BaseModel):
    """A condition that the passages bring up; ``score`` is its share of the evidence, 0 to 1."""

    condition: str
    code: str | None
    score: float
    reasoning: str
    passages: list[Citation]


class _Answer(BaseModel):
    status: Literal["ok", "retrieval_only", "no_evidence"]
    crisis: bool = Field(description="the text speaks of suicide or self-harm")
    crisis_resources: list[str]
    ai_response: AiResponse
    citations: list[Citation]
    disclaimer: str


class DiagnoseAnswer(_Answer):
    """Conditions to think of, with the passages that bring them up."""

    query: Query
    candidates: list[Candidate]
    red_flags: list[str]


class TreatmentAnswer(_Answer):
    """What helps, with the passages that say so."""

    query: TreatmentQuery
    red_flags: list[str]


class AskAnswer(_Answer):
    """An answer with its passages, or "not enough evidence"."""

    question: str
