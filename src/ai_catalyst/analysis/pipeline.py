"""A document's way through the house: read, scrub, analyse, keep, report.

One direction, no way back. Documents come from a stream, each is looked through for personal data
and analysed under the journal, what was found is kept in the store, and the reports are written
from there in source order, so that memory does not grow with the number of documents.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from ai_catalyst.analysis.analyst import Analyst
from ai_catalyst.analysis.reports import ReportRow, write_reports
from ai_catalyst.analysis.similar import Groups
from ai_catalyst.analysis.understanding import (
    STAGE,
    Hears,
    Source,
    Understander,
    Understanding,
    title_of,
)
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.engine import Batch, InFlight, Outcome
from ai_catalyst.engine.commits import describe
from ai_catalyst.model import Document
from ai_catalyst.store import RunItem

if TYPE_CHECKING:
    from ai_catalyst.core import PIIProcessor
    from ai_catalyst.store import RunStore

__all__ = [
    "Archive",
    "Listener",
    "Pipeline",
    "RunSummary",
    "Source",
    "Understanding",
    "report_rows",
]

MOST_MADE = 200_000
"""Results of a run that are remembered to tell a copy from what is unchanged; bounds the memory."""
KEEP_RUNS = 20
"""Runs whose list of documents is kept; of older ones the figures stay."""

_decoder = msgspec.json.Decoder(Understanding)


class Listener(Hears, Protocol):
    """Whoever shows a run while it goes on. Nothing here may fail or wait."""

    def finished(self, outcome: Outcome[Source, Understanding]) -> None:
        """A document is done, was done before, or failed."""


class Archive(Protocol):
    """Whoever keeps what was found in a form of its own, beside the store."""

    async def add(self, outcome: Outcome[Source, Understanding]) -> None:
        """Keep an outcome, now or with the next ones."""

    async def flush(self) -> None:
        """Keep what is waiting."""


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
        store: RunStore,
        *,
        pii: PIIProcessor | None = None,
        concurrency: int = 5,
        reading: int = 0,
        refresh: bool = False,
        listener: Listener | None = None,
        archive: Archive | None = None,
        room: InFlight | None = None,
    ) -> None:
        """Compose the rooms; ``refresh`` analyses again what is done already.

        Up to ``reading`` more sources than are analysed are read meanwhile, where they have to be.
        Streams of sources that are understood at the same time share one ``room``.
        """
        self._store = store
        self._concurrency = concurrency + reading
        self._refresh = refresh
        self._listener = listener
        self._archive = archive
        self._limits = () if room is None else (room,)
        self._made = _Made()
        self._understander = Understander(
            analyst,
            pii=pii,
            count_personal=True,
            analysing=concurrency if reading else None,
            listener=listener,
        )

    @property
    def options(self) -> str:
        """A digest, in hex, of everything that changes results."""
        return self._understander.options

    async def prepare(self) -> None:
        """Load what will be needed, while something else is waited for."""
        await self._understander.prepare()

    def key(self, source: Source) -> bytes:
        """Return the journal key of what will be understood of a source."""
        return self._understander.key(source)

    async def has_understood(self, source: Source) -> bool:
        """Say whether an earlier run has understood a source, so that this one would not again."""
        return await self._store.is_done(self._understander.key(source))

    async def run(self, run: str, sources: AsyncIterable[Source], *, output: Path) -> RunSummary:
        """Take every source of a started run to its row, and write the reports into ``output``.

        Where nothing was understood, earlier reports stay as they were. Raises what makes the whole
        run impossible (`StoreError`, a full disk); the failure of one document is counted and
        listed. Cancelled, it keeps what is done: the same call goes on.
        """
        summary = RunSummary(run)
        self._made = _Made()
        status = "interrupted"
        try:
            await self.understand(run, sources, summary)
            rows = partial(report_rows, self._store, run)
            summary.reports = await write_reports(rows, output, keep=True)
            status = "done"
        finally:
            await self._store.finish_run(run, status, _counts(summary))
        await self._store.prune_runs(KEEP_RUNS)
        return summary

    async def understand(
        self,
        run: str,
        sources: AsyncIterable[Source],
        summary: RunSummary,
        *,
        position: Callable[[int], int] | None = None,
    ) -> None:
        """Take every source of a run to its row and count it in ``summary``.

        ``position`` says where in the run the n-th of the ``sources`` (from 0) stands, when they
        are not the run's first.
        """
        batch = Batch(
            self._understander.understand,
            sources,
            self._concurrency,
            journal=self._store.journal(run=run, stage=STAGE, refresh=self._refresh),
            key=self._understander.key,
            encode=msgspec.json.encode,
            decode=_decoder.decode,
            label=lambda source: source.uri,
            limits=self._limits,
        )
        async with self._store.run_items(run) as items, batch:
            async for outcome in batch:
                place = outcome.index if position is None else position(outcome.index)
                item = self._item(outcome, place)
                await items.add(item)
                if self._archive is not None:
                    await self._archive.add(outcome)
                _count(summary, outcome, self._made.before(item.key, outcome.resumed))
                if self._listener is not None:
                    self._listener.finished(outcome)
            if self._archive is not None:
                await self._archive.flush()

    def _item(self, outcome: Outcome[Source, Understanding], place: int) -> RunItem:
        source = outcome.item
        if isinstance(source, BadSource):
            return RunItem(place, source.uri, error=describe(source.error))
        key = self._understander.key(source)
        error = describe(outcome.error) if outcome.error else None
        if isinstance(source, Document):
            known: Any = source
        else:
            known = outcome.value.read if outcome.value is not None else None
        if known is None:
            return RunItem(place, source.uri, key=key, title=source.title, error=error)
        return RunItem(
            place,
            source.uri,
            key=key,
            title=title_of(source, outcome.value),
            kind=known.kind,
            hash=known.hash,
            error=error,
            meta={"pages": known.pages, **_printable(known.meta)},
        )


async def report_rows(store: RunStore, run: str) -> AsyncIterator[ReportRow]:
    """Yield a run's rows in source order, from the store; a row's number is its rank."""
    groups = Groups()
    rank = 0
    async for item in store.stream_run(run):
        found = _found(item)
        read = found.read if found else None
        first = None if read is None else groups.add(rank, read.sketch)
        rank += 1
        yield ReportRow(
            position=rank,
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
            like=None if first is None else first + 1,
            references=_references(read.meta) if read else (),
        )


def _found(item: RunItem) -> Understanding | None:
    if item.value is None or item.error is not None:
        return None
    return _decoder.decode(item.value)


def _references(meta: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return title and address of what a document links to and was read with it."""
    listed = meta.get("references") or ()
    return tuple((str(one.get("title") or ""), str(one.get("url") or "")) for one in listed)


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
