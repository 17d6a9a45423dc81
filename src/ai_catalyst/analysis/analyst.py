"""Who reads a document: the `Analyst` protocol, and the one that asks a model."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from ai_catalyst.analysis.batching import (
    BATCH_SCHEMA,
    LINGER_S,
    TOKENS_EACH,
    Reply,
    Small,
    SmallBatch,
    is_small,
)
from ai_catalyst.analysis.parts import Prepared, estimate_tokens, prepare
from ai_catalyst.analysis.plain import safe_text
from ai_catalyst.analysis.prompts import fenced, fill, prompt, prompts_digest
from ai_catalyst.analysis.schemas import (
    ANSWER_SCHEMA,
    ENTITY_KINDS,
    SCHEMA_VERSION,
    Analysis,
    analysis_from_answer,
)
from ai_catalyst.engine.batch import Batch
from ai_catalyst.engine.workers import shared_pool
from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.model import Document

__all__ = ["Analyst", "Estimate", "ModelAnalyst"]

_INLINE_CHARS = 20_000  # cleaning and counting more than this would hold the loop
MISFIT = "does not fit the schema"
"""What `llm` says of an attempt whose answer was no such JSON, even after it was told so."""

_LINKED, _LINKED_CHARS = 3, 1_500
_TIMEOUT_S = 300.0
_ANSWER_TOKENS = 700  # what an answer of the schema takes, for estimates


class Analyst(Protocol):
    """Anything that turns a document into an `Analysis`."""

    @property
    def name(self) -> str:
        """What reports call it: ``"extractive"`` or a model's name."""
        ...

    def digest(self) -> bytes:
        """Return a digest of every option that changes the result; part of the journal key."""
        ...

    async def analyse(self, document: Document) -> Analysis:
        """Read one document; raises `CatalystError` when it cannot be read or nobody answers."""
        ...


class Completes(Protocol):
    """The part of `LLMProvider` that an analyst needs."""

    async def generate_async(
        self,
        prompt: str,
        *,
        system: str | None = None,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        schema: Any = None,
    ) -> Any:
        """Return a completion with ``text``, ``model`` and ``data``."""
        ...


class Estimate(NamedTuple):
    """What reading a document would take, before anything is sent."""

    calls: int
    prompt_tokens: int
    completion_tokens: int


class ModelAnalyst:
    """Asks a model, checks its answer, and reads long documents by parts.

    A text over `part_tokens` (estimated) is cut between paragraphs; its parts are read side by
    side, at most `concurrency` at once, and a last call joins the notes. Beyond `max_parts` an even
    choice of parts is read and the result is ``partial``. No permit is held while parts are waited
    for: limits live with the endpoints, below `llm`. Small articles that wait at the same time are
    asked about together, at most `batch_size` in a call (`SmallBatch`). Where no endpoint keeps to
    the schema, the question is asked once without it and what comes is taken as far as it goes; an
    answer without any summary raises `ProcessingError`.
    """

    def __init__(
        self,
        llm: Completes,
        *,
        model: str | None = None,
        max_tokens: int = 3_000,
        temperature: float | None = None,
        part_tokens: int = 6_000,
        max_parts: int = 32,
        concurrency: int = 4,
        batch_size: int = 1,
        linger_s: float = LINGER_S,
    ) -> None:
        """Ask `llm`, which stays the caller's to close."""
        self._llm = llm
        self._model = model
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._part_tokens = part_tokens
        self._max_parts = max_parts
        self._concurrency = concurrency
        self.small = SmallBatch(self._ask_together, batch_size, linger_s=linger_s)

    @property
    def name(self) -> str:
        """The model asked for, else that of the endpoint asked first."""
        if self._model:
            return self._model
        for endpoint in getattr(self._llm, "endpoints", ()):
            return str(getattr(endpoint, "model", None) or getattr(endpoint, "name", "model"))
        return "model"

    def digest(self) -> bytes:
        """Return a digest of model, prompts, schema and sizes."""
        options = (
            SCHEMA_VERSION,
            self.name,
            prompts_digest().hex(),
            self._max_tokens,
            self._temperature,
            self._part_tokens,
            self._max_parts,
        )
        return hashlib.sha256(msgspec.json.encode((options, ANSWER_SCHEMA))).digest()

    def estimate(self, document: Document) -> Estimate:
        """Return the calls and tokens `analyse` would take, without a repair or a retry.

        For small articles, which may share a call, it is an upper bound.
        """
        fixed = estimate_tokens(prompt("system")) + 60
        tokens = (len(document.text) + len(_linked(document))) // 4 + 1
        if tokens <= self._part_tokens:
            return Estimate(1, tokens + fixed, _ANSWER_TOKENS)
        parts = min(-(-tokens // self._part_tokens), self._max_parts)
        read = min(tokens, parts * self._part_tokens)
        notes = parts * _ANSWER_TOKENS // 2
        return Estimate(parts + 1, read + notes + (parts + 1) * fixed, (parts + 1) * _ANSWER_TOKENS)

    async def analyse(self, document: Document) -> Analysis:
        """Read one document; a text without a word is not sent and gives an empty analysis."""
        ready = await self._prepared(document)
        if not ready.parts:
            return Analysis(method=self.name, language=ready.language)
        title = fenced(safe_text(document.title, 300)) or "(none)"
        if len(ready.parts) == 1:
            return self._finished(await self._read_whole(document, title, ready.parts[0]), ready)
        notes = await self._read_parts(title, ready.parts)
        return self._finished(await self._merged(title, notes), ready)

    async def _read_whole(self, document: Document, title: str, text: str) -> Analysis:
        """Ask about a text that fits one call, with others where that is as good."""
        together = None
        if is_small(document):
            together = await self.small.analysis(Small(title, fenced(text)))
        return together or await self._ask(_question(document, title, text))

    async def _prepared(self, document: Document) -> Prepared:
        hint = str(document.meta.get("language") or "")
        task = (document.text, hint, self._part_tokens, self._max_parts)
        if len(document.text) <= _INLINE_CHARS:
            return prepare(*task)
        return await shared_pool().run(prepare, *task, timeout=_TIMEOUT_S)

    def _finished(self, analysis: Analysis, ready: Prepared) -> Analysis:
        return msgspec.structs.replace(
            analysis,
            language=ready.language,
            words=ready.words,
            partial=analysis.partial or ready.partial,
        )

    async def _ask(self, text: str) -> Analysis:
        try:
            return await self._answer(text, ANSWER_SCHEMA)
        except AllEndpointsFailed as error:
            if not any(MISFIT in (attempt.error or "") for attempt in error.attempts):
                raise
            return await self._answer(text, None)

    async def _answer(self, text: str, schema: dict[str, Any] | None) -> Analysis:
        reply = await self._reply(text, schema, self._max_tokens)
        return analysis_from_answer(reply.answer, method=reply.model)

    async def _ask_together(self, text: str, count: int) -> Reply:
        return await self._reply(text, BATCH_SCHEMA, max(self._max_tokens, count * TOKENS_EACH))

    async def _reply(self, text: str, schema: dict[str, Any] | None, max_tokens: int) -> Reply:
        completion = await self._llm.generate_async(
            text,
            system=prompt("system"),
            model=self._model,
            max_tokens=max_tokens,
            temperature=self._temperature,
            schema=schema,
        )
        answer = completion.data if isinstance(completion.data, dict) else completion.text
        return Reply(answer, completion.model or self.name)

    async def _read_parts(self, title: str, parts: Sequence[str]) -> list[Analysis]:
        prompts = [
            fill("part", title=title, number=number, total=len(parts), text=fenced(part))
            for number, part in enumerate(parts, 1)
        ]
        return await self._ask_all(prompts)

    async def _ask_all(self, prompts: Iterable[str]) -> list[Analysis]:
        async with Batch(
            self._ask, prompts, self._concurrency, ordered=True, fail_fast=True
        ) as batch:
            return [outcome.unwrap() async for outcome in batch]

    async def _merged(self, title: str, notes: Sequence[Analysis]) -> Analysis:
        """Join the notes on parts by asking, group by group while too long for one call."""
        groups = _grouped(notes, self._part_tokens)
        prompts = [fill("merge", title=title, text=fenced(_as_text(group))) for group in groups]
        joined = [
            _united(answer, group)
            for answer, group in zip(await self._ask_all(prompts), groups, strict=True)
        ]
        return joined[0] if len(joined) == 1 else await self._merged(title, joined)


def _question(document: Document, title: str, text: str) -> str:
    """Return what is asked about a text that fits one call, with what it links to."""
    linked = _linked(document)
    if not linked:
        return fill("document", title=title, text=fenced(text))
    return fill("linked", title=title, text=fenced(text), linked=fenced(linked))


def _linked(document: Document) -> str:
    """Return the beginnings of linked pages that were read with a document."""
    listed = document.meta.get("references") or ()
    return "\n\n".join(
        "\n".join(safe_text(str(one.get(name) or ""), _LINKED_CHARS) for name in ("title", "text"))
        for one in listed[:_LINKED]
    )


def _as_text(notes: Sequence[Analysis]) -> str:
    lines = (
        {"summary": one.summary, "key_points": one.key_points, "findings": one.findings}
        for one in notes
    )
    return "\n".join(msgspec.json.encode(line).decode() for line in lines)


def _grouped(notes: Sequence[Analysis], tokens: int) -> list[list[Analysis]]:
    """Return the notes in groups that fit one call; each but the last holds two or more."""
    groups: list[list[Analysis]] = [[]]
    used = 0
    for note in notes:
        size = estimate_tokens(_as_text([note]))
        if used + size > tokens and len(groups[-1]) > 1:
            groups.append([])
            used = 0
        groups[-1].append(note)
        used += size
    return groups


def _united(answer: Analysis, notes: Sequence[Analysis]) -> Analysis:
    """Give the joined analysis what code counts better than a model: names, topics, methods."""
    return msgspec.structs.replace(
        answer,
        topics=answer.topics or _frequent((one.topics for one in notes), 8),
        entities={
            kind: _frequent((one.entities.get(kind, []) for one in notes), 40)
            for kind in ENTITY_KINDS
        },
        method=" + ".join(dict.fromkeys(one.method for one in (*notes, answer))),
        partial=answer.partial or any(one.partial for one in notes),
    )


def _frequent(lists: Iterable[Iterable[str]], count: int) -> list[str]:
    counter = Counter(name for names in lists for name in dict.fromkeys(names))
    return [name for name, _ in counter.most_common(count)]
