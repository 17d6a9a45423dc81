"""What ``catalyst pdf`` shows while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Any, Self

from ai_catalyst.cli.terminal import count, safe_line, short
from ai_catalyst.pdf.result import BatchResult

__all__ = ["PdfProgress"]


class PdfProgress:
    """Draws files and pages on stderr; not ``shown``, it counts in silence."""

    def __init__(self, *, shown: bool = True) -> None:
        """Start with nothing seen."""
        self.files = 0
        self.pages = 0
        self._shown = shown
        self._bars: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        """Start the bar, where a person looks."""
        if self._shown and sys.stderr.isatty():
            self._bars = _bars()
            self._task = self._bars.add_task("files", total=None, pages=0)
            self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the bar as it is."""
        if self._bars is not None:
            self._bars.stop()

    def expect(self, total: int) -> None:
        """Hear how many files there are."""
        if self._bars is not None:
            self._bars.update(self._task, total=total)

    def page(self, name: str, page: int, pages: int) -> None:
        """Count a page that was read."""
        self.pages += 1
        if self._bars is not None:
            self._bars.update(self._task, pages=self.pages)

    def finished(self, result: BatchResult) -> None:
        """Count a file that is done, and say how it went."""
        self.files += 1
        if self._bars is not None:
            self._bars.advance(self._task)
        if not result.success or result.error:
            mark = "~" if result.success else "✗"
            self.say(f"  {mark} {safe_line(result.error or result.outcome, 200)}")
        elif self._bars is None:
            self.say(f"  ✓ {short(result.file_name, 60)}  {count(result.pages, 'page')}")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if not self._shown:
            return
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(line + "\n")


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pages]} pages"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
