"""From a question to a cited answer: search, gate, model; or the passages alone."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai_catalyst.assistant.chunking import section_of
from ai_catalyst.assistant.documents.repository import SHARED, uri_of
from ai_catalyst.assistant.metrics import count_model_call
from ai_catalyst.assistant.rag import prompts
from ai_catalyst.assistant.rag.crisis import DISCLAIMER, RESOURCES, is_crisis
from ai_catalyst.assistant.rag.schemas import (
    AiResponse,
    AskAnswer,
    Candidate,
    Citation,
    DiagnoseAnswer,
    Query,
    TreatmentAnswer,
    TreatmentQuery,
)
from ai_catalyst.errors import AllEndpointsFailed, BudgetExceeded, CatalystError, PrivacyError

if TYPE_CHECKING:
    from ai_catalyst.assistant.documents.repository import DocumentRow, Documents
    from ai_catalyst.assistant.meaning import Searcher
    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.store.search import Hit

__all__ = ["Assistant", "Found"]

log = logging.getLogger(__name__)

PASSAGES = 8
LOOKED_AT = 40
CANDIDATES = 5
_MOST_TOKENS = 900
_RED_FLAGS = "Red flags"
_NUMBER = re.compile(r"\[(\d{1,2})\]")
_DOWN = "No model answers right now, so these are the passages alone."
_NONE = "No model is configured, so these are the passages alone."


@dataclass(frozen=True, slots=True)
class Found:
    """Passages that answer, best first, and the documents they are from."""

    hits: Sequence[Hit]
    documents: dict[str, DocumentRow]

    def citation(self, number: int) -> Citation:
        """Return the passage an answer calls ``[number]``."""
        hit = self.hits[number - 1]
        row = self.documents[hit.document]
        return Citation(
            number=number,
            document_id=row.id,
            document=row.title or row.name,
            heading=hit.heading,
            page=hit.page,
            passage=hit.text,
        )

    def cited(self, answer: str) -> list[Citation]:
        """Return the passages an answer names, in their order; numbers that are none are left."""
        named = dict.fromkeys(int(number) for number in _NUMBER.findall(answer))
        return [self.citation(number) for number in named if 1 <= number <= len(self.hits)]

    def all(self) -> list[Citation]:
        """Return every passage."""
        return [self.citation(number) for number in range(1, len(self.hits) + 1)]


class Assistant:
    """Answers questions of one person from what that person may read."""

    def __init__(self, search: Searcher, documents: Documents, llm: LLMProvider) -> None:
        """Use what the service holds."""
        self._search = search
        self._documents = documents
        self._llm = llm

    async def find(self, question: str, owner: str, limit: int = PASSAGES) -> Found:
        """Return the passages that answer best."""
        hits = await self._search.search(question, [owner, SHARED], limit=limit)
        documents = await self._documents.named(
            list(dict.fromkeys(hit.document for hit in hits)), owner
        )
        return Found([hit for hit in hits if hit.document in documents], documents)

    async def diagnose(self, symptoms: str, context: str, owner: str) -> DiagnoseAnswer:
        """Return conditions to think of."""
        wide = await self.find(f"{symptoms} {context}", owner, LOOKED_AT)
        found = Found(wide.hits[:PASSAGES], wide.documents)
        prompt = prompts.diagnose_prompt(symptoms, context, found.hits)
        answer, status = await self._answer(prompt, found)
        candidates = _candidates(wide)
        crisis = is_crisis(symptoms, context)
        return DiagnoseAnswer(
            status=status,
            crisis=crisis,
            crisis_resources=list(RESOURCES) if crisis else [],
            ai_response=_with_help(answer, crisis=crisis),
            citations=found.cited(answer.response) or found.all(),
            disclaimer=DISCLAIMER,
            query=Query(symptoms=symptoms, patient_context=context),
            candidates=candidates,
            red_flags=await self._red_flags(
                {_uri(one): one.condition for one in candidates[:3]}, owner
            ),
        )

    async def treatment(self, diagnosis: str, context: str, owner: str) -> TreatmentAnswer:
        """Return what helps."""
        found = await self.find(f"{diagnosis} treatment {context}", owner)
        prompt = prompts.treatment_prompt(diagnosis, context, found.hits)
        answer, status = await self._answer(prompt, found)
        crisis = is_crisis(diagnosis, context)
        return TreatmentAnswer(
            status=status,
            crisis=crisis,
            crisis_resources=list(RESOURCES) if crisis else [],
            ai_response=_with_help(answer, crisis=crisis),
            citations=found.cited(answer.response) or found.all(),
            disclaimer=DISCLAIMER,
            query=TreatmentQuery(diagnosis=diagnosis, patient_context=context),
            red_flags=await self._flags_of(diagnosis, owner),
        )

    async def ask(self, question: str, owner: str) -> AskAnswer:
        """Answer a free question."""
        found = await self.find(question, owner)
        answer, status = await self._answer(prompts.ask_prompt(question, found.hits), found)
        crisis = is_crisis(question)
        return AskAnswer(
            status=status,
            crisis=crisis,
            crisis_resources=list(RESOURCES) if crisis else [],
            ai_response=_with_help(answer, crisis=crisis),
            citations=found.cited(answer.response) or found.all(),
            disclaimer=DISCLAIMER,
            question=question,
        )

    async def stream(self, question: str, owner: str) -> AsyncIterator[tuple[str, object]]:
        """Yield (event, data) of an answer as it comes: ``token``…, ``citations``, ``done``.

        A model that is down or lost on the way leaves the passages, and the end says so.
        """
        found = await self.find(question, owner)
        crisis = is_crisis(question)
        if crisis:
            yield "token", {"text": "\n".join(RESOURCES) + "\n\n"}
        said: list[str] = []
        status = "ok"
        if not found.hits:
            status = "no_evidence"
            yield "token", {"text": prompts.NOT_ENOUGH}
        else:
            try:
                pieces = self._llm.stream_async(
                    prompts.ask_prompt(question, found.hits),
                    system=prompts.system_prompt(),
                    max_tokens=_MOST_TOKENS,
                )
                async for piece in pieces:
                    said.append(piece)
                    yield "token", {"text": piece}
                count_model_call("ok")
            except (AllEndpointsFailed, BudgetExceeded, PrivacyError) as error:
                status = "retrieval_only"
                why = await self._unanswered(error)
                yield "token", {"text": f"\n\n{why}" if said else why}
        cited = found.cited("".join(said)) or found.all()
        yield "citations", [one.model_dump() for one in cited]
        yield "done", {"status": status, "crisis": crisis, "disclaimer": DISCLAIMER}

    async def _answer(self, prompt: str, found: Found) -> tuple[AiResponse, str]:
        if not found.hits:
            return AiResponse(response=prompts.NOT_ENOUGH, model_used=None), "no_evidence"
        try:
            completion = await self._llm.generate_async(
                prompt, system=prompts.system_prompt(), max_tokens=_MOST_TOKENS
            )
        except (AllEndpointsFailed, BudgetExceeded, PrivacyError) as error:
            text = f"{await self._unanswered(error)}\n\n{_quoted(found)}"
            return AiResponse(response=text, model_used=None), "retrieval_only"
        usage = completion.usage
        count_model_call("ok", usage.prompt_tokens, usage.completion_tokens)
        answer = AiResponse(
            response=completion.text,
            model_used=completion.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
        )
        return answer, "ok"

    async def _unanswered(self, error: CatalystError) -> str:
        """Say why no model answered; only where there is one, it has failed."""
        if not await self._llm.endpoints_async():
            return _NONE
        count_model_call("failed")
        log.warning("no model answered: %s", type(error).__name__)
        return _DOWN

    async def _flags_of(self, diagnosis: str, owner: str) -> list[str]:
        """Return the red flags of the condition that somebody names."""
        found = await self.find(f"{diagnosis} {_RED_FLAGS}", owner, LOOKED_AT)
        meant = [
            uri
            for uri in dict.fromkeys(hit.document for hit in found.hits)
            if found.documents[uri].title.lower() in diagnosis.lower()
        ]
        return (await self._red_flags(dict.fromkeys(meant, diagnosis), owner))[:1]

    async def _red_flags(self, conditions: Mapping[str, str], owner: str) -> list[str]:
        """Return what must not be missed, as documents have it; their URIs to their conditions."""
        places = [owner, SHARED]
        flags: dict[str, str] = {}
        for hit in await self._search.section(list(conditions), _RED_FLAGS, places):
            flags.setdefault(hit.document, f"{conditions[hit.document]}: {hit.text}")
        return [flags[uri] for uri in conditions if uri in flags]


def _candidates(found: Found) -> list[Candidate]:
    """Group passages by the condition they are about; those of no condition bring up none."""
    groups: dict[str, list[int]] = {}
    for number, hit in enumerate(found.hits, 1):
        if found.documents[hit.document].meta.get("code"):
            groups.setdefault(hit.document, []).append(number)
    # Each further passage of a document counts half of the one before; a section that names other
    # conditions, or what to do, says little of what the person has.
    weights = {}
    for uri, numbers in groups.items():
        scores = sorted((_weight(found.hits[n - 1]) for n in numbers), reverse=True)
        weights[uri] = sum(score / 2**place for place, score in enumerate(scores))
    best = sorted(weights, key=lambda uri: -weights[uri])[:CANDIDATES]
    total = sum(weights[uri] for uri in best) or 1.0
    candidates = []
    for uri in best:
        row = found.documents[uri]
        cited = [found.citation(number) for number in groups[uri][:3]]
        places = ", ".join(dict.fromkeys(_last(one.heading) for one in cited))
        candidates.append(
            Candidate(
                condition=row.title,
                code=str(row.meta["code"]),
                score=round(weights[uri] / total, 3),
                reasoning=f"what was described is found under: {places}",
                passages=cited,
            )
        )
    return candidates


def _uri(candidate: Candidate) -> str:
    return uri_of(candidate.passages[0].document_id)


_ASIDE = frozenset({"Differential diagnosis", "Treatment", _RED_FLAGS, "Sources"})


def _weight(hit: Hit) -> float:
    return hit.score * (0.25 if _last(hit.heading) in _ASIDE else 1.0)


def _with_help(answer: AiResponse, *, crisis: bool) -> AiResponse:
    """Put crisis resources before everything else."""
    if not crisis:
        return answer
    text = "\n".join((*RESOURCES, "", answer.response))
    return answer.model_copy(update={"response": text})


def _quoted(found: Found) -> str:
    return "\n\n".join(f"[{one.number}] {_place(one)}: {one.passage}" for one in found.all()[:4])


def _place(one: Citation) -> str:
    section = section_of(one.heading, one.document)
    return f"{one.document}, {_last(section)}" if section else one.document


def _last(heading: str) -> str:
    return heading.rpartition(" > ")[2]
