"""Many texts, or one long text, without holding up anybody: on all cores when that is worth it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai_catalyst.privacy.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai_catalyst.privacy.scrubber import Scrubber

__all__ = ["INLINE", "Options", "detect_many", "detect_off_loop", "shards"]

INLINE = 32 * 2**10
"""Characters up to which looking for personal data is quicker than handing it to somebody else."""
THREADED = 256 * 2**10
"""Characters of one text up to which a thread does; longer ones hold the interpreter too long."""
SHARD = 16 * 2**10
"""Characters handed to a worker process at once."""

Row = tuple[str, int, int, float, str]


@dataclass(frozen=True, slots=True)
class Options:
    """How a `Scrubber` was made, so that a worker process can make the same one."""

    preset: str
    locales: tuple[str, ...]
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    thresholds: tuple[tuple[str, float], ...] = ()
    kinds: tuple[str, ...] | None = None
    ner: bool | None = None
    extra: Mapping[str, object] = field(default_factory=dict, compare=False)

    def scrubber(self) -> Scrubber:
        """Make a scrubber."""
        from ai_catalyst.privacy.scrubber import Scrubber

        return Scrubber(
            preset=self.preset,
            locales=self.locales,
            allow=self.allow,
            deny=self.deny,
            thresholds=dict(self.thresholds),
            kinds=self.kinds,
            ner=self.ner,
        )


@functools.lru_cache(maxsize=8)
def _made(options: Options) -> Scrubber:
    return options.scrubber()


def rows_of(part: tuple[Options, Sequence[str]]) -> list[list[Row]]:
    """Return the findings of some texts without their texts: what a worker process sends back."""
    options, texts = part
    scrubber = _made(options)
    return [
        [(one.kind, one.start, one.end, one.score, one.recogniser) for one in scrubber.detect(text)]
        for text in texts
    ]


def _findings(text: str, rows: Sequence[Row]) -> list[Finding]:
    return [
        Finding(kind, start, end, text[start:end], score, recogniser)
        for kind, start, end, score, recogniser in rows
    ]


async def detect_off_loop(scrubber: Scrubber, text: str) -> list[Finding]:
    """Find personal data in one text; a long one is read in a thread, a very long one elsewhere."""
    if len(text) <= INLINE:
        return scrubber.detect(text)
    if len(text) <= THREADED or scrubber.options is None:
        return await asyncio.to_thread(scrubber.detect, text)
    from ai_catalyst.engine import shared_pool

    rows: list[list[Row]] = await shared_pool().run(rows_of, (scrubber.options, [text]))
    return _findings(text, rows[0])


async def detect_many(
    scrubber: Scrubber, texts: Sequence[str]
) -> AsyncIterator[tuple[int, list[Finding]]]:
    """Yield ``(index, findings)`` of many texts, in order; inline when they are few and short."""
    if sum(map(len, texts)) <= INLINE:
        for index, text in enumerate(texts):
            yield index, scrubber.detect(text)
        return
    if scrubber.options is None:
        for index, text in enumerate(texts):
            yield index, await asyncio.to_thread(scrubber.detect, text)
        return
    from ai_catalyst.engine import shared_pool

    parts = [(scrubber.options, part) for part in shards(texts)]
    index = 0
    async for outcome in shared_pool().map(rows_of, parts, ordered=True, chunk=1):
        for text, rows in zip(parts[outcome.index][1], outcome.unwrap(), strict=True):
            yield index, _findings(text, rows)
            index += 1


def shards(texts: Sequence[str]) -> Iterator[list[str]]:
    """Group texts, in order, so that each group is worth a message to a process."""
    group: list[str] = []
    size = 0
    for text in texts:
        group.append(text)
        size += len(text)
        if size >= SHARD:
            yield group
            group, size = [], 0
    if group:
        yield group
