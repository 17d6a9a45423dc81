"""The long report: contents, figures, a section for each document, and what could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ai_catalyst.analysis.reports.escape import heading_anchor, markdown_link, markdown_text
from ai_catalyst.analysis.reports.phrases import (
    counted,
    facts,
    honest_note,
    language_name,
    listed,
    listed_shared,
    method_name,
    personal_note,
)
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.reports.spool import Output, Spools, copy_lines
from ai_catalyst.analysis.reports.statistics import Statistics
from ai_catalyst.analysis.schemas import Analysis

__all__ = ["MENTIONS", "MarkdownReport", "failure_line", "failure_reason", "figure_rows"]

_TITLE_CHARS = 160
_ERROR_KIND = re.compile(r"^[A-Z]\w{2,40}: ")
MENTIONS = (
    ("People", "people"),
    ("Organisations", "organisations"),
    ("Places", "places"),
    ("Dates", "dates"),
    ("Also named", "other"),
)


class MarkdownReport:
    """``article_analysis_report.md``; sections wait in spools until the figures are known."""

    file_name = "article_analysis_report.md"

    def __init__(self, out: Output, spools: Spools) -> None:
        """Write to `out`; keep what is not yet to be written in temporary files."""
        self._out = out
        self._contents = spools.open()
        self._sections = spools.open()
        self._failures = spools.open()

    def add(self, row: ReportRow) -> None:
        """Take one source, in order."""
        heading = f"{row.position}. {row.name[:_TITLE_CHARS]}"
        if row.analysis is None:
            self._contents.write(f"- {_escaped_heading(heading)}: *not read, see the end*\n")
            self._failures.write(failure_line(row))
        else:
            self._contents.write(f"- [{_escaped_heading(heading)}](#{heading_anchor(heading)})\n")
            self._sections.writelines(_section(row, heading, row.analysis))

    def finish(self, statistics: Statistics) -> None:
        """Write the whole report."""
        out = self._out
        out.write("# Article analysis report\n\n")
        out.write(f"> {honest_note(statistics)}\n\n")
        out.write("## Figures\n\n")
        out.write("".join(f"{line}\n" for line in figures(statistics)))
        out.write("\n## Contents\n\n")
        copy_lines(self._contents, out)
        if statistics.read:
            out.write("\n## Documents\n")
            copy_lines(self._sections, out)
        if statistics.failed:
            out.write("\n## Not read\n\n")
            copy_lines(self._failures, out)


def failure_line(row: ReportRow) -> str:
    """Return one list item that names a failed source and the reason."""
    reason = failure_reason(row)
    return f"- {row.position}\\. {markdown_link(row.uri, row.uri)}: {markdown_text(reason, 500)}\n"


def failure_reason(row: ReportRow) -> str:
    """Return why a source failed, without its name and the kind of error, which is for programs."""
    return _ERROR_KIND.sub("", row.error or "unknown reason").replace(f"{row.uri}: ", "", 1)


def _escaped_heading(heading: str) -> str:
    number, _, title = heading.partition(". ")
    return f"{number}\\. {markdown_text(title)}"


def figures(statistics: Statistics) -> Iterator[str]:
    """Yield the statistics as a Markdown table."""
    yield "| figure | value |"
    yield "| --- | --- |"
    for name, value in figure_rows(statistics):
        yield f"| {name} | {markdown_text(value)} |"


def figure_rows(statistics: Statistics) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each figure there is, as plain text."""
    rows = (
        ("sources", f"{statistics.sources:,}"),
        ("documents analysed", f"{statistics.read:,}"),
        ("not read", f"{statistics.failed:,}"),
        ("only partly analysed", f"{statistics.partial:,}" if statistics.partial else ""),
        ("pages", f"{statistics.pages:,}"),
        ("words", f"{statistics.words:,}"),
        ("formats", listed(statistics.kinds, 12)),
        ("languages", _languages(statistics)),
        ("method", _methods(statistics)),
        ("most frequent topics", listed_shared(statistics.topics, 12)),
        ("people", listed(statistics.people, 8)),
        ("organisations", listed(statistics.organisations, 8)),
        ("places", listed(statistics.places, 8)),
        ("personal data found", listed(statistics.personal, 12)),
    )
    yield from ((name, value) for name, value in rows if value)


def _languages(statistics: Statistics) -> str:
    top = statistics.languages.top(8)
    return ", ".join(f"{language_name(code)} ({number:,})" for code, number in top)


def _methods(statistics: Statistics) -> str:
    top = statistics.methods.top(8)
    return ", ".join(f"{method_name(name)}: {counted(number, 'document')}" for name, number in top)


def _section(row: ReportRow, heading: str, analysis: Analysis) -> Iterator[str]:
    yield f"\n### {_escaped_heading(heading)}\n\n"
    yield f"Source: {markdown_link(row.uri, row.uri)}  \n"
    known = facts(row)
    if known:
        yield f"Document: {markdown_text(known)}  \n"
    personal = personal_note(row)
    if personal:
        yield f"Personal data found: {markdown_text(personal)}  \n"
    if row.like is not None:
        yield f"Nearly the same as: document {row.like}  \n"
    if row.references:
        yield f"Read with: {', '.join(_reference(*each) for each in row.references)}  \n"
    yield f"Method: {markdown_text(method_name(analysis.method))}, {_confidence(analysis)}\n\n"
    if analysis.summary:
        yield f"{markdown_text(analysis.summary)}\n\n"
    else:
        yield "*There is no text to summarise.*\n\n"
    yield from _bullets("Key points", analysis.key_points)
    yield from _bullets("Findings", analysis.findings)
    yield from _labelled(analysis)


def _reference(title: str, url: str) -> str:
    return markdown_link(title or url, url)


def _confidence(analysis: Analysis) -> str:
    text = f"confidence {analysis.confidence:.2f}"
    return f"{text}, **partial**" if analysis.partial else text


def _bullets(title: str, lines: Iterable[str]) -> Iterator[str]:
    bullets = [f"- {markdown_text(line)}\n" for line in lines if line.strip()]
    if bullets:
        yield f"**{title}**\n\n"
        yield from bullets
        yield "\n"


def _labelled(analysis: Analysis) -> Iterator[str]:
    lines = [("Why it matters", analysis.why_it_matters), ("Method used", analysis.methodology)]
    lines.append(("Topics", ", ".join(analysis.topics)))
    lines += [(label, "; ".join(analysis.entities.get(kind, ()))) for label, kind in MENTIONS]
    shown = [f"**{label}:** {markdown_text(text)}" for label, text in lines if text.strip()]
    if shown:
        yield "  \n".join(shown) + "\n"
