"""Small articles asked about together: the rules are told once, each gets its own answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from ai_catalyst.analysis.parts import estimate_tokens
from ai_catalyst.analysis.prompts import fill
from ai_catalyst.analysis.schemas import ANSWER_SCHEMA, Analysis, analysis_from_answer
from ai_catalyst.engine import SingleFlight
from ai_catalyst.errors import CatalystError, ProcessingError
from ai_catalyst.model import Document
from ai_catalyst.store import origin

__all__ = ["BATCH_SCHEMA", "LINGER_S", "TOKENS_EACH", "Reply", "Small", "SmallBatch", "is_small"]

SMALL_TOKENS = 375
"""An article of up to so many tokens, about 1,500 characters, is small: the rules weigh more."""
MOST = 10
"""Never more articles a call, so that their answers fit what models write at once."""
TOKENS_EACH = 800
"""Room for the answer on a small article."""
LINGER_S = 0.03
"""How long the first article waits for others."""

# Looser than for one: what is wrong with an answer is found below, without paying for all again.
BATCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer", "description": "The document's number."},
                    **ANSWER_SCHEMA["properties"],
                    "summary": {"type": "string"},
                },
            },
        }
    },
}
"""The JSON schema given to models for several documents."""


@dataclass(frozen=True, eq=False, slots=True)
class Small:
    """A small article as it goes into a prompt: title and text, both fenced."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, parsed or as text, and its name."""

    answer: Any
    model: str


Ask = Callable[[str, int], Awaitable[Reply]]
"""Asks a model one prompt about so many articles."""


@dataclass(eq=False, slots=True)
class _Group:
    waiting: dict[Small, None] = field(default_factory=dict)
    full: asyncio.Event = field(default_factory=asyncio.Event)


class SmallBatch:
    """Puts articles that wait for the model at the same time into one call, at most ``size``.

    `analysis` returns None for an article that is to be asked alone: because no other came within
    ``linger_s``, because its answer was missing, doubled or not whole, or because the call failed.
    So no article fails for its neighbour's sake. The first call is a trial: until it was of use,
    what else comes goes alone; and after a call of no use nothing goes together any more, so that a
    model that cannot do this, or an endpoint that fails, costs one call and not one in five.

    Whether articles go together is no part of a result's key: each is told to be read as if it were
    alone, and is held to what a single answer is held to. An article paid for once is not paid for
    again because others came with it, or because ``--sync`` was said. The text of the prompt is
    part of the key, as that of every prompt.

    An answer on several articles is not kept in the cache, where it could be forgotten with one of
    them only. What no check can see is a model that swaps two answers whole.

    ``counts`` says how many ``calls`` were made, how many articles were answered ``together``, and
    how many had to be asked ``again`` alone.
    """

    def __init__(self, ask: Ask, size: int, *, linger_s: float = LINGER_S) -> None:
        """Ask through ``ask``; hold nothing open."""
        self._ask = ask
        self._size = min(size, MOST)
        self._linger_s = linger_s
        self._forming: WeakKeyDictionary[asyncio.AbstractEventLoop, _Group] = WeakKeyDictionary()
        self._flight: SingleFlight[Mapping[Small, Analysis]] = SingleFlight()
        self._tried = self._trying = self._useless = False
        self.counts: Counter[str] = Counter()

    async def analysis(self, small: Small) -> Analysis | None:
        """Return the analysis of an article that went with others; None: ask for it alone.

        Cancelled, it leaves: the others' call goes on.
        """
        if self._useless or self._size < 2:
            return None
        group = self._join(small)
        try:
            found = await self._flight.do(group, lambda: self._run(group))
        finally:
            group.waiting.pop(small, None)
        return found.get(small)

    def _join(self, small: Small) -> _Group:
        loop = asyncio.get_running_loop()
        group = self._forming.setdefault(loop, _Group())
        group.waiting[small] = None
        if len(group.waiting) >= self._size:
            group.full.set()
            self._close(group)
        return group

    def _close(self, group: _Group) -> None:
        loop = asyncio.get_running_loop()
        if self._forming.get(loop) is group:
            del self._forming[loop]

    async def _run(self, group: _Group) -> Mapping[Small, Analysis]:
        """Wait for others, then ask for all; the task belongs to those who wait."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._linger_s):
                    await group.full.wait()
        finally:
            self._close(group)
        smalls = list(group.waiting)
        if len(smalls) < 2 or self._useless or (self._trying and not self._tried):
            return {}
        self._trying = True
        try:
            found = await self._asked(smalls)
        finally:
            self._trying = False
        self._useless = self._useless or not found
        self._tried = True
        self.counts["together"] += len(found)
        self.counts["again"] += len(smalls) - len(found)
        return found

    async def _asked(self, smalls: Sequence[Small]) -> dict[Small, Analysis]:
        origin.set(None)  # of several documents: see above
        self.counts["calls"] += 1
        try:
            reply = await self._ask(_question(smalls), len(smalls))
        except CatalystError:
            self._useless = True
            return {}
        found = {}
        for number, answer in _numbered(reply.answer):
            if 1 <= number <= len(smalls):
                with suppress(ProcessingError):
                    analysis = analysis_from_answer(answer, method=reply.model)
                    if not analysis.partial:
                        found[smalls[number - 1]] = analysis
        return found


def is_small(document: Document) -> bool:
    """Say whether an article may go with others: a short one, read without what it links to."""
    return (
        document.kind == "article"
        and not document.meta.get("references")
        and len(document.text) <= 4 * SMALL_TOKENS
        and estimate_tokens(document.text) <= SMALL_TOKENS
    )


def _question(smalls: Sequence[Small]) -> str:
    documents = (
        f'<document number="{number}">\nTitle: {small.title}\n\n{small.text}\n</document>'
        for number, small in enumerate(smalls, 1)
    )
    return fill("batch", count=len(smalls), documents="\n\n".join(documents))


def _numbered(answer: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the answers whose number no other has."""
    listed = answer.get("answers") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        return
    answers = [each for each in listed if isinstance(each, dict)]
    counted = Counter(_number(each) for each in answers)
    for each in answers:
        number = _number(each)
        if number is not None and counted[number] == 1:
            yield number, each


def _number(answer: Mapping[str, Any]) -> int | None:
    number = answer.get("number")
    return number if isinstance(number, int) and not isinstance(number, bool) else None
