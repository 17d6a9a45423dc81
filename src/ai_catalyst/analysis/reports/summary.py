"""The short report: the figures, the topics, and one line for each document."""

from __future__ import annotations

from ai_catalyst.analysis.plain import clip
from ai_catalyst.analysis.reports.escape import markdown_text
from ai_catalyst.analysis.reports.markdown import failure_line
from ai_catalyst.analysis.reports.phrases import counted, honest_note, method_name, shared
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.reports.spool import Output, Spools, copy_lines
from ai_catalyst.analysis.reports.statistics import Statistics

__all__ = ["SummaryReport"]

_LINE_CHARS = 220


class SummaryReport:
    """``summary_report.md``; lines wait in spools until the figures are known."""

    file_name = "summary_report.md"

    def __init__(self, out: Output, spools: Spools) -> None:
        """Write to `out`; keep what is not yet to be written in temporary files."""
        self._out = out
        self._lines = spools.open()
        self._told = spools.open()
        self._failures = spools.open()

    def add(self, row: ReportRow) -> None:
        """Take one source, in order."""
        if row.analysis is None:
            self._failures.write(failure_line(row))
            return
        line = markdown_text(clip(" ".join(row.analysis.summary.split()), _LINE_CHARS)) or "no text"
        name = f"- {row.position}\\. **{markdown_text(row.name, 120)}**"
        if row.like is not None:
            name += f" (nearly the same as {row.like})"
        method = markdown_text(method_name(row.analysis.method))
        self._lines.write(f"{name}: {line}\n")
        self._told.write(f"{name} · {method}: {line}\n")

    def finish(self, statistics: Statistics) -> None:
        """Write the whole report."""
        out = self._out
        out.write("# Summary report\n\n")
        out.write(f"{_figures(statistics)}\n\n> {honest_note(statistics)}\n")
        topics = shared(statistics.topics, 10)
        if topics:
            out.write("\n## Top topics\n\n")
            for name, number in topics:
                out.write(f"- {markdown_text(name)}: {counted(number, 'document')}\n")
        if statistics.read:
            out.write("\n## Documents\n\n")
            # Where all were read alike the note above says how; else each line does.
            copy_lines(self._lines if len(statistics.methods) == 1 else self._told, out)
        if statistics.failed:
            out.write("\n## Not read\n\n")
            copy_lines(self._failures, out)


def _figures(statistics: Statistics) -> str:
    parts = (
        f"{statistics.read:,} of {counted(statistics.sources, 'source')} analysed",
        f"{statistics.failed:,} not read",
        counted(statistics.pages, "page"),
        counted(statistics.words, "word"),
    )
    return ", ".join(parts) + "."
