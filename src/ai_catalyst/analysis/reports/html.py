"""The report to read: one page, with search, that needs no network and trusts no document."""

from __future__ import annotations

from typing import IO

from ai_catalyst.analysis.reports.escape import html_link, html_text
from ai_catalyst.analysis.reports.markdown import failure_reason, figure_rows
from ai_catalyst.analysis.reports.page import controls, page_end, page_start
from ai_catalyst.analysis.reports.phrases import counted, honest_note, shared
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.reports.spool import Output, Spools, copy_lines
from ai_catalyst.analysis.reports.statistics import Statistics
from ai_catalyst.analysis.reports.story import TITLE_CHARS, same_title, story

__all__ = ["HtmlReport"]

_CHIPS = 16
_REASON_CHARS = 500

_Place = tuple[int, int]
"""Where a document's markup begins in the spool, and how many characters it has."""


class HtmlReport:
    """``report.html``; documents wait in spools until the figures are known.

    Documents that say nearly the same stand together, under the first of them. In memory are two
    numbers a document.
    """

    file_name = "report.html"

    def __init__(self, out: Output, spools: Spools) -> None:
        """Write to `out`; keep what is not yet to be written in temporary files."""
        self._out = out
        self._contents = spools.open()
        self._stories = spools.open()
        self._failures = spools.open()
        self._places: dict[int, _Place] = {}
        self._same: dict[int, list[int]] = {}

    def add(self, row: ReportRow) -> None:
        """Take one source, in order."""
        name = html_text(row.name, TITLE_CHARS)
        if row.analysis is None:
            self._contents.write(
                f'<li><a class="failed" href="#a{row.position}"><bdi dir="auto">{name}</bdi>'
                " (not read)</a></li>\n"
            )
            self._failures.write(_failure(row))
            return
        self._contents.write(
            f'<li><a href="#a{row.position}" data-for="a{row.position}">'
            f'<bdi dir="auto">{name}</bdi></a></li>\n'
        )
        text = "".join(story(row, row.analysis))
        self._places[row.position] = (self._stories.tell(), len(text))
        self._stories.write(text)
        if row.like in self._places:
            self._same.setdefault(row.like, []).append(row.position)

    def finish(self, statistics: Statistics) -> None:
        """Write the whole page."""
        out = self._out
        out.write(page_start(f"{counted(statistics.read, 'document')} read"))
        self._masthead(statistics)
        if statistics.read:
            out.write("".join(controls(name for name, _ in shared(statistics.topics, _CHIPS))))
        out.write('<div class="columns">\n')
        if statistics.sources:
            out.write(
                '<nav aria-labelledby="contents"><div>\n<h2 id="contents">Contents</h2>\n<ol>\n'
            )
            copy_lines(self._contents, out)
            out.write("</ol>\n</div></nav>\n")
        out.write('<main id="stories" tabindex="-1">\n')
        self._write_stories(statistics)
        self._endmatter(statistics)
        out.write("</main>\n</div>\n")
        out.write("<footer>Made by AI Catalyst. This page asks nothing of any network.</footer>\n")
        out.write(page_end())

    def _masthead(self, statistics: Statistics) -> None:
        parts = [
            f"{statistics.read:,} of {counted(statistics.sources, 'source')} read",
            f"{statistics.failed:,} not read" if statistics.failed else "",
            counted(statistics.pages, "page") if statistics.pages else "",
            counted(statistics.words, "word") if statistics.words else "",
        ]
        line = " · ".join(part for part in parts if part)
        self._out.write(
            f'<header class="masthead">\n<h1>What was read</h1>\n<p class="figures">{line}</p>\n'
            f'</header>\n<p class="note">{html_text(honest_note(statistics))}</p>\n'
        )

    def _write_stories(self, statistics: Statistics) -> None:
        out = self._out
        under = {position for positions in self._same.values() for position in positions}
        for position in self._places:
            if position in under:
                continue
            out.write('<section class="story">\n')
            self._copy(position)
            self._write_same(self._same.get(position, []))
            out.write("</section>\n")
        if statistics.read:
            out.write('<p class="nothing" id="nothing" hidden>Nothing here has these words.</p>\n')

    def _write_same(self, positions: list[int]) -> None:
        if not positions:
            return
        self._out.write(
            f'<details class="same">\n<summary>{same_title(len(positions))}</summary>\n'
        )
        for position in positions:
            self._copy(position)
        self._out.write("</details>\n")

    def _copy(self, position: int) -> None:
        start, length = self._places[position]
        self._out.write(_piece(self._stories, start, length))

    def _endmatter(self, statistics: Statistics) -> None:
        out = self._out
        if statistics.failed:
            out.write('<section class="plain" aria-labelledby="failed">\n')
            out.write('<h2 id="failed">Not read</h2>\n<ul class="failures">\n')
            copy_lines(self._failures, out)
            out.write("</ul>\n</section>\n")
        out.write('<section class="plain" aria-labelledby="figures">\n')
        out.write('<h2 id="figures">Figures</h2>\n<table>\n')
        for name, value in figure_rows(statistics):
            shown = f'<bdi dir="auto">{html_text(value)}</bdi>'
            out.write(f'<tr><th scope="row">{name}</th><td>{shown}</td></tr>\n')
        out.write("</table>\n</section>\n")


def _piece(spool: IO[str], start: int, length: int) -> str:
    spool.seek(start)
    return spool.read(length)


def _failure(row: ReportRow) -> str:
    reason = html_text(failure_reason(row), _REASON_CHARS)
    name = f'<bdi dir="auto">{html_link(row.uri, row.uri, TITLE_CHARS)}</bdi>'
    title = "" if row.name == row.uri else f'<bdi dir="auto">{html_text(row.name, 160)}</bdi>: '
    return (
        f'<li id="a{row.position}">{row.position}. {title}{name}: '
        f'<b><bdi dir="auto">{reason}</bdi></b></li>\n'
    )
