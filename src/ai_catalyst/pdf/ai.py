"""`AIExtractor`: fields read by a model, each value held against the page it quotes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from ai_catalyst.analysis.parts import estimate_tokens, split_text
from ai_catalyst.analysis.prompts import fenced
from ai_catalyst.engine.batch import Batch
from ai_catalyst.engine.bridge import run_sync
from ai_catalyst.engine.workers import shared_pool
from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.pdf.answers import Answer, answer_schema, answers_of, described, merged
from ai_catalyst.pdf.classic import pages_of, schema_of
from ai_catalyst.pdf.model import Extraction, PageText
from ai_catalyst.pdf.prompts import filled, prompt
from ai_catalyst.pdf.schema import Schema
from ai_catalyst.pdf.values import Locale, day_first, decimal_sign

__all__ = ["AIExtractor"]

_VERSION = 1
_THREAD_CHARS = 20_000  # to look up quotes in more than this is work for another process
_CHECK_S = 60.0


class Completes(Protocol):
    """The part of `LLMProvider` that an extractor needs."""

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
        """Return a completion with ``text`` and ``data``."""
        ...


class AIExtractor:
    """Asks a model for fields; every value comes with a quote that is looked up on the page.

    A value whose quote is on no page is kept with a confidence of 0.2, no page and no quote, and
    the source ``model:unverified``. Documents over ``part_tokens`` (estimated) are read by parts
    of whole pages, ``concurrency`` at once; where parts disagree the confidence says so. A document
    of more than ``max_parts`` parts raises `ProcessingError`. Everything goes through ``llm``, and
    so through its privacy gate; it stays the caller's to close.
    """

    def __init__(
        self,
        llm: Completes,
        *,
        model: str | None = None,
        max_tokens: int = 4_000,
        temperature: float | None = None,
        part_tokens: int = 6_000,
        max_parts: int = 64,
        concurrency: int = 4,
    ) -> None:
        """Ask ``llm``, and ``model`` of it when one is named."""
        for name, number in (("part_tokens", part_tokens), ("max_parts", max_parts)):
            if number < 1:
                raise UserError(f"{name} must be at least 1, not {number}")
        self.llm = llm
        self._model = model
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._part_tokens = part_tokens
        self._max_parts = max_parts
        self._concurrency = concurrency

    def extract(self, text: str, fields: Any = None) -> dict[str, Any]:
        """Return ``{field: value}`` from a text; form feeds part pages. For sync code."""
        return run_sync(self.extract_pages(pages_of(text), fields)).data

    async def extract_pages(self, pages: Sequence[PageText], fields: Any = None) -> Extraction:
        """Return values with their place. A document without a word is not sent anywhere.

        Raises `EndpointError` when nobody answers or no answer fits the schema even when asked
        again, `ProcessingError` for an answer that is no JSON object, and `PrivacyError` when the
        gate refuses.
        """
        schema = await schema_of(fields)
        parts = self._parts(pages)
        if not parts:
            return Extraction()
        if len(parts) > self._max_parts:
            raise ProcessingError(
                f"the document has {len(parts)} parts of {self._part_tokens} tokens, more than"
                f" max_parts ({self._max_parts}); take fewer pages, or raise max_parts"
            )
        replies = await self._ask_all(parts, schema)
        task = (replies, schema, tuple(pages))
        if sum(len(page.text) for page in pages) <= _THREAD_CHARS:
            return await asyncio.to_thread(judged, *task)
        return await shared_pool().run(judged, *task, timeout=_CHECK_S)

    def options(self) -> str:
        """Return a digest of all that changes a result: model, prompts and sizes."""
        told = (
            _VERSION,
            self._model or [str(getattr(each, "model", each)) for each in _endpoints(self.llm)],
            prompt("system"),
            prompt("fields"),
            self._max_tokens,
            self._temperature,
            self._part_tokens,
        )
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()

    def _parts(self, pages: Sequence[PageText]) -> list[str]:
        """Return the text of pages, as many to a part as fit; a page that is too long is cut."""
        parts: list[str] = []
        used = 0
        for page in pages:
            for piece in split_text(_whole(page), self._part_tokens):
                shown = f"--- page {page.number} ---\n{fenced(piece)}"
                size = estimate_tokens(shown)
                if parts and used + size <= self._part_tokens:
                    parts[-1] += f"\n\n{shown}"
                    used += size
                else:
                    parts.append(shown)
                    used = size
        return parts

    async def _ask_all(self, parts: Sequence[str], schema: Schema) -> list[Any]:
        told, shape = described(schema), answer_schema(schema)

        async def ask(part: str) -> Any:
            completion = await self.llm.generate_async(
                filled("fields", fields=told, text=part),
                system=prompt("system"),
                model=self._model,
                max_tokens=self._max_tokens,
                temperature=self._temperature,
                schema=shape,
            )
            return _data_of(completion)

        async with Batch(ask, parts, self._concurrency, ordered=True, fail_fast=True) as batch:
            return [outcome.unwrap() async for outcome in batch]


def judged(replies: Sequence[Any], schema: Schema, pages: Sequence[PageText]) -> Extraction:
    """Return the values of a model's replies, each held against the pages."""
    text = "\n".join(page.text for page in pages)
    first = day_first(text)
    locale = Locale((), decimal_sign(text), True if first is None else first)
    found: list[dict[str, list[Answer]]] = [
        answers_of(reply, schema, pages, locale) for reply in replies
    ]
    return merged(found, schema)


def _data_of(completion: Any) -> Any:
    if completion.data is not None:
        return completion.data
    try:
        return msgspec.json.decode(completion.text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ProcessingError("the model's answer is not JSON") from error


def _whole(page: PageText) -> str:
    """Return a page's text with form values and notes that it does not hold already."""
    extra = [f"{name}: {value}" for name, value in page.fields if value not in page.text]
    extra += [note for note in page.notes if note not in page.text]
    return "\n".join([page.text or page.layout, *extra])


def _endpoints(llm: Any) -> Sequence[Any]:
    return list(getattr(llm, "endpoints", None) or [])
