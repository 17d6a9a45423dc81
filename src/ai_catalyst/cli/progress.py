"""What a run shows while it goes on: one bar a stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Self

from ai_catalyst.analysis.pipeline import Listener, Source, Understanding
from ai_catalyst.analysis.understanding import title_of
from ai_catalyst.cli.memory import memory_used
from ai_catalyst.cli.terminal import count, fault, safe_line, short
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.engine import Outcome
from ai_catalyst.model import Document

if TYPE_CHECKING:
    from ai_catalyst.cluster.driver import Progress

__all__ = ["RunProgress"]

log = logging.getLogger(__name__)

STAGES = ("read", "scrub", "analyse")
MEMORY_FULL = 0.8
LOOK_EVERY = 32
"""Documents between two looks at the memory."""


class RunProgress(Listener):
    """Draws the run on stderr, where it does not mix with results.

    Counts are of documents: a stage is as far as the number that passed it; what was done in an
    earlier run passes all stages at once. Not ``shown``, it counts in silence.
    """

    def __init__(self, *, shown: bool = True, memory: Callable[[], float] = memory_used) -> None:
        """Start with nothing seen; ``memory()`` is the share of the memory in use."""
        self._memory: Callable[[], float] | None = memory
        self.documents = 0
        self.pages = 0
        self.unreadable = 0
        self.finished_count = 0
        self._shown = shown
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Start the bars, where a person looks."""
        if self._shown and sys.stderr.isatty():
            self._bars = _bars()
            self._tasks = {stage: self._bars.add_task(stage, total=None) for stage in STAGES}
            self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the bars as they are."""
        if self._bars is not None:
            self._bars.stop()

    async def watch(self, sources: AsyncIterable[Source]) -> AsyncIterator[Source]:
        """Hand sources on as they are read, and count them."""
        async for source in sources:
            if isinstance(source, BadSource):
                self.unreadable += 1
            else:
                self.documents += 1
                self.pages += source.pages if isinstance(source, Document) else 1
            self._advance("read")
            self._know(self.documents + self.unreadable, "scrub", "analyse")
            yield source
        self._know(self.documents + self.unreadable, "read")

    def expect(self, total: int) -> None:
        """Hear how many sources there will be."""
        self._know(total, "read")

    def scrubbed(self, document: Document, found: int) -> None:
        """Count a document that was looked through."""
        self._advance("scrub")

    def finished(self, outcome: Outcome[Source, Understanding]) -> None:
        """Count a document that is done, and say how it went."""
        if outcome.resumed or isinstance(outcome.item, BadSource):
            self._advance("scrub")
        self.finished_count += 1
        if self.finished_count % LOOK_EVERY == 0:
            self._look_at_memory()
        self._advance("analyse")
        self.say(_line(outcome))

    def cluster_is_at(self, progress: Progress) -> None:
        """Show how far a cluster is: it counts for us, and names no document."""
        self.documents, self.unreadable = progress.read, progress.unreadable
        self.pages = progress.pages
        self.finished_count = progress.finished
        if self._bars is None:
            return
        seen = progress.read + progress.unreadable
        for stage, done in zip(STAGES, (seen, progress.finished, progress.finished), strict=True):
            self._bars.update(self._tasks[stage], completed=done)
        self._know(seen, "scrub", "analyse")
        if progress.places is not None:
            self._know(max(seen, progress.places), *STAGES)

    def _look_at_memory(self) -> None:
        """Warn, once a run, when little memory is left."""
        if self._memory is not None and (used := self._memory()) > MEMORY_FULL:
            self._memory = None
            log.warning(
                "%d %% of the memory is in use; a lower --concurrency needs less", 100 * used
            )

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        if not self._shown:
            return
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(line + "\n")

    def _advance(self, stage: str) -> None:
        if self._bars is not None:
            self._bars.advance(self._tasks[stage])

    def _know(self, total: int, *stages: str) -> None:
        if self._bars is not None:
            for stage in stages:
                self._bars.update(self._tasks[stage], total=total)


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")

    return Progress(
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _line(outcome: Outcome[Source, Understanding]) -> str:
    source = outcome.item
    if outcome.error is not None:
        return fault(source.uri, str(outcome.error) or type(outcome.error).__name__)
    name = short(source.uri, 44)
    title = safe_line(title_of(source, outcome.value), 56)
    if outcome.resumed:
        return f"  = {name}  {title}"
    personal = sum(outcome.unwrap().personal.values())
    found = f"  [{count(personal, 'personal item')}]" if personal else ""
    return f"  ✓ {name}  {title}{found}"
