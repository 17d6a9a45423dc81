"""``catalyst scrub``: files, or a pipe, without personal data."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.cli.config import JsonOption
from ai_catalyst.cli.exits import ALL_DONE, SOME_FAILED
from ai_catalyst.cli.terminal import count, moment, print_json, safe_line, short, size

if TYPE_CHECKING:
    from ai_catalyst.analysis.scrub import Rules, ScrubbedFile

__all__ = ["scrub"]

REPORT = "scrub-report.html"


def scrub(
    paths: Annotated[list[str], typer.Argument(help="Files and folders; - for standard input.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the scrubbed files.")
    ] = Path("scrubbed"),
    report: Annotated[
        bool, typer.Option("--report", help="Also a page that shows what was found.")
    ] = False,
    preset: Annotated[str, typer.Option(help="strict, balanced or recall.")] = "balanced",
    locale: Annotated[list[str] | None, typer.Option(help="A language pack, such as de.")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="A text that may stay.")] = None,
    deny: Annotated[list[str] | None, typer.Option(help="A text that must go.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Take personal data out of files; nothing leaves this machine."""
    import asyncio

    from ai_catalyst.analysis.scrub import Rules
    from ai_catalyst.errors import UserError

    rules = Rules(preset, tuple(locale) if locale else None, tuple(allow or ()), tuple(deny or ()))
    rules.scrubber()  # a wrong preset or locale is told before any file is read
    if "-" in paths:
        if as_json or report:
            raise UserError("standard input comes back as text alone; drop --json and --report")
        if paths != ["-"]:
            raise UserError("- stands alone: standard input goes to standard output")
        return _pipe(rules)
    return asyncio.run(_files(paths, output, rules, report, as_json))


def _pipe(rules: Rules) -> int:
    """Scrub standard input, a long one piece by piece."""
    from ai_catalyst.analysis.scrub_long import cut
    from ai_catalyst.documents.encoding import text_pieces

    scrubber = rules.scrubber()
    found = 0
    for piece in cut(text_pieces(sys.stdin.buffer), ".txt"):
        clean = scrubber.scrub(piece)
        found += len(clean.findings)
        sys.stdout.write(clean)
        sys.stdout.flush()
    sys.stderr.write(f"{count(found, 'personal item')} replaced\n")
    return ALL_DONE


class _Progress:
    """How far long files are, on standard error: one line that changes, or one now and then."""

    EVERY_S = 5.0

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._told = time.monotonic()

    def __call__(self, source: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told < (0.1 if self._live else self.EVERY_S):
            return
        self._told = now
        share = f"{100 * done // max(1, total):3d} %  of {size(total)}"
        line = f"  … {short(source, 50)}  {share}"
        sys.stderr.write(f"\r{line}\x1b[K" if self._live else f"{line}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the changing line away, for another to be written."""
        if self._live:
            sys.stderr.write("\r\x1b[K")


async def _files(paths: list[str], output: Path, rules: Rules, report: bool, as_json: bool) -> int:
    from ai_catalyst.analysis.scrub import page_of, scrub_files
    from ai_catalyst.io.files import write_atomic

    done: list[ScrubbedFile] = []
    failed: list[dict[str, str]] = []
    progress = _Progress()
    async for outcome in scrub_files(
        paths, output, rules=rules, report=report, on_progress=progress
    ):
        progress.clear()
        if outcome.value is None:
            failed.append({"source": outcome.item.uri, "error": str(outcome.error)})
            sys.stderr.write(f"  ✗ {safe_line(str(outcome.error), 160)}\n")
        else:
            done.append(outcome.value)
            found = count(sum(outcome.value.counts.values()), "personal item")
            sys.stderr.write(f"  ✓ {short(outcome.value.source, 60)}  [{found}]\n")
    page = ""
    if report:
        page = str(output / REPORT)
        write_atomic(  # catalyst: blocking(all files are done)
            page, page_of(done, rules=rules, made=moment(time.time())).encode()
        )
    files = [{"source": f.source, "output": f.output, "counts": f.counts} for f in done]
    if as_json:
        print_json({"files": files, "failed": failed, "report": page or None})
    else:
        _show(done, failed, output, page)
    return SOME_FAILED if failed else ALL_DONE


def _show(done: list[ScrubbedFile], failed: list[dict[str, str]], output: Path, page: str) -> None:
    from collections import Counter

    total: Counter[str] = Counter()
    for file in done:
        total.update(file.counts)
    told = ", ".join(f"{number} {kind.lower()}" for kind, number in total.most_common())
    typer.echo(f"{count(len(done), 'file')} scrubbed into {output}, {len(failed)} failed")
    typer.echo(f"replaced: {told or 'nothing'}")
    if page:
        typer.echo(f"what was found, to look at: {page} (as private as the files themselves)")
