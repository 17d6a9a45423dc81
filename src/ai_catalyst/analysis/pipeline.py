"""A document's way through the house: read, scrub, analyse, keep, report.

One direction, no way back. Documents come from a stream, each is looked through for personal data
and analysed under the journal, what was found is kept in the store, and the reports are written
from there in source order, so that memory does not grow with the number of documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ai_catalyst.analysis.analyst import Analyst
from ai_catalyst.analysis.reports import ReportRow, write_reports
from ai_catalyst.analysis.schemas import SCHEMA_VERSION, Analysis
from ai_catalyst.core import PIIProcessor
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.engine import Batch, Outcome, journal_key
from ai_catalyst.engine.commits import describe
from ai_catalyst.model import Document
from ai_catalyst.store import RunItem, Store, origin

__all__ = ["Listener", "Pipeline", "RunSummary", "Understanding"]

STAGE = "understand"
COUNTED_CHARS = 1_000_000
"""Characters of a document in which personal data is counted; the gate itself looks at all."""
MOST_MADE = 200_000
"""Results of a run that are remembered to tell a copy from what is unchanged; bounds the memory."""
KEEP_RUNS = 20
"""Runs whose list of documents is kept; of older ones the figures stay."""

Source = Document | BadSource


class Understanding(msgspec.Struct, frozen=True):
    """What became of a document: its analysis, and how much personal data of which kind it has."""

    analysis: Analysis
    personal: dict[str, int] = {}


class Listener(Protocol):
    """Whoever shows a run while it goes on. Nothing here may fail or wait."""

    def scrubbed(self, document: Document, found: int) -> None:
        """A document was looked through; ``found`` is its number of personal items."""

    def finished(self, outcome: Outcome[Source, Understanding]) -> None:
        """A document is done, was done before, or failed."""


@dataclass(slots=True)
class RunSummary:
    """A run in figures; ``causes`` are the kinds of error that documents failed with."""

    run: str = ""
    done: int = 0
    unchanged: int = 0
    failed: int = 0
    personal: dict[str, int] = field(default_factory=dict)
    causes: set[type[Exception]] = field(default_factory=set)
    reports: list[Path] = field(default_factory=list)

    @property
    def documents(self) -> int:
        """How many documents the run named."""
        return self.done + self.unchanged + self.failed


class Pipeline:
    """Takes documents to reports, through one analyst and one store."""

    def __init__(
        self,
        analyst: Analyst,
        store: Store,
        *,
        pii: PIIProcessor | None = None,
        concurrency: int = 5,
        refresh: bool = False,
        listener: Listener | None = None,
    ) -> None:
        """Compose the rooms; ``refresh`` analyses again what is done already."""
        self._analyst = analyst
        self._store = store
        self._pii = pii or PIIProcessor()
        self._concurrency = concurrency
        self._refresh = refresh
        self._listener = listener
        self._options = hashlib.sha256(analyst.digest()).digest()

    @property
    def options(self) -> str:
        """A digest, in hex, of everything that changes results."""
        return self._options.hex()

    async def run(self, run: str, sources: AsyncIterable[Source], *, output: Path) -> RunSummary:
        """Take every source of a started run to its row, and write the reports into ``output``.

        Raises what makes the whole run impossible (`StoreError`, a full disk); the failure of one
        document is counted and listed. Cancelled, it keeps what is done: the same call goes on.
        """
        summary = RunSummary(run)
        status = "interrupted"
        try:
            await self._understand_all(run, sources, summary)
            summary.reports = await write_reports(lambda: self.rows(run), output)
            status = "done"
        finally:
            await self._store.finish_run(run, status, _counts(summary))
        await self._store.prune_runs(KEEP_RUNS)
        return summary

    async def _understand_all(
        self, run: str, sources: AsyncIterable[Source], summary: RunSummary
    ) -> None:
        batch = Batch(
            self._understand,
            sources,
            self._concurrency,
            journal=self._store.journal(run=run, stage=STAGE, refresh=self._refresh),
            key=self._key,
            encode=msgspec.json.encode,
            decode=msgspec.json.Decoder(Understanding).decode,
            label=lambda source: source.uri,
        )
        made = _Made()
        async with self._store.run_items(run) as items, batch:
            async for outcome in batch:
                item = self._item(outcome)
                await items.add(item)
                _count(summary, outcome, made.before(item.key, outcome.resumed))
                if self._listener is not None:
                    self._listener.finished(outcome)

    def _key(self, source: Source) -> bytes:
        content = source.hash if isinstance(source, Document) else f"bad:{source.uri}"
        return journal_key(STAGE, SCHEMA_VERSION, self._options, content)

    async def _understand(self, source: Source) -> Understanding:
        if isinstance(source, BadSource):
            raise source.error
        origin.set(source.uri)  # what is cached for it is forgotten with it
        personal: dict[str, int] = {}
        for finding in await self._pii.detect_async(source.text[:COUNTED_CHARS]):
            personal[finding.kind] = personal.get(finding.kind, 0) + 1
        if self._listener is not None:
            self._listener.scrubbed(source, sum(personal.values()))
        analysis = await self._analyst.analyse(source)
        return Understanding(analysis, dict(sorted(personal.items())))

    def _item(self, outcome: Outcome[Source, Understanding]) -> RunItem:
        source = outcome.item
        if isinstance(source, BadSource):
            return RunItem(outcome.index, source.uri, error=describe(source.error))
        return RunItem(
            outcome.index,
            source.uri,
            key=self._key(source),
            title=source.title,
            kind=source.kind,
            hash=source.hash,
            error=describe(outcome.error) if outcome.error else None,
            meta={"pages": source.pages, **_printable(source.meta)},
        )

    async def rows(self, run: str) -> AsyncIterator[ReportRow]:
        """Yield a run's rows in source order, from the store."""
        decode = msgspec.json.Decoder(Understanding).decode
        async for item in self._store.stream_run(run):
            found = decode(item.value) if item.value is not None and item.error is None else None
            yield ReportRow(
                position=item.position + 1,
                uri=item.uri,
                title=item.title,
                kind=item.kind,
                pages=item.meta.get("pages", 1),
                words=found.analysis.words if found else 0,
                language=found.analysis.language if found else "",
                analysis=found.analysis if found else None,
                error=item.error,
                date=item.meta.get("date", ""),
                author=item.meta.get("author", ""),
                personal=found.personal if found else {},
            )


def _printable(meta: Mapping[str, Any]) -> dict[str, str]:
    """Keep what a report shows of a document's own metadata."""
    return {name: str(meta[name]) for name in ("date", "author") if meta.get(name)}


class _Made:
    """Tells what an earlier run made from what this one did: equal documents share a result."""

    def __init__(self) -> None:
        self._keys: set[int] = set()

    def before(self, key: bytes | None, resumed: bool) -> bool:
        """Say whether the result with this key is an earlier run's."""
        number = hash(key)
        if not resumed and len(self._keys) < MOST_MADE:
            self._keys.add(number)
        return resumed and number not in self._keys


def _count(summary: RunSummary, outcome: Outcome[Source, Understanding], unchanged: bool) -> None:
    if outcome.value is None:
        summary.failed += 1
        summary.causes.add(type(outcome.error or Exception()))
        return
    if unchanged:
        summary.unchanged += 1
    else:
        summary.done += 1
    for kind, number in outcome.value.personal.items():
        summary.personal[kind] = summary.personal.get(kind, 0) + number


def _counts(summary: RunSummary) -> dict[str, int]:
    return {
        "done": summary.done,
        "unchanged": summary.unchanged,
        "failed": summary.failed,
    }
