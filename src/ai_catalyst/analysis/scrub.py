"""Files without personal data: each comes back in its own format where that can be written.

Text, Markdown, JSON, JSONL, CSV, TSV and HTML keep their format and layout; of other formats the
text is written (``letter.pdf`` becomes ``letter.pdf.txt``), their rows as JSONL. Each file is
scrubbed in a worker process, a long one piece by piece in all of them, and appears whole or not at
all.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ai_catalyst.analysis.scrub_long import LONG, scrub_long
from ai_catalyst.analysis.scrub_work import (
    PAGES,
    PLAIN,
    TABLES,
    Rules,
    ScrubbedFile,
    format_of,
    scrub_file,
    scrub_rows,
)
from ai_catalyst.documents.processor import FileProcessor
from ai_catalyst.documents.sources import Locator, expand
from ai_catalyst.engine import Batch, Outcome, shared_pool
from ai_catalyst.errors import FileError, UserError
from ai_catalyst.io.files import make_folder
from ai_catalyst.privacy.report import html_report

if TYPE_CHECKING:
    from ai_catalyst.engine import WorkerPool

__all__ = ["Rules", "ScrubbedFile", "page_of", "scrub_files"]

TIMEOUT_S = 600.0
_LINES = PLAIN | set(TABLES) | {".jsonl", ".ndjson"}
"""Formats that can be read piece by piece."""

Tell = Callable[[str, int, int], None]


async def scrub_files(
    arguments: Iterable[str],
    output: Path,
    *,
    rules: Rules | None = None,
    report: bool = False,
    concurrency: int = 4,
    pool: WorkerPool | None = None,
    on_progress: Tell | None = None,
) -> AsyncIterator[Outcome[Locator, ScrubbedFile]]:
    """Scrub every file the arguments name into the folder ``output``, in the order of the files.

    A file that cannot be read or written fails alone. The folder may not be one that is read.
    ``on_progress(source, done, total)`` is told, in bytes, how far a long file is.
    """
    chosen = rules or Rules()
    workers = pool or shared_pool()
    _refuse_inside(arguments, output)  # catalyst: blocking(once, before the first file)
    taken: set[str] = set()

    async def one(place: Locator) -> ScrubbedFile:
        work: Awaitable[ScrubbedFile]
        if place.error is not None:
            raise place.error
        if place.path is None or place.kind != "file":
            raise FileError(f"{place.uri}: only files can be scrubbed", path=place.uri)
        target = output / _free_name(place.uri, taken)
        if format_of(place.path) in _LINES and await asyncio.to_thread(_is_long, place.path):
            tell = None if on_progress is None else functools.partial(on_progress, place.uri)
            work = scrub_long(place.path, target, chosen, report, workers, tell)
        elif format_of(place.path) in _LINES | PAGES | {".json"}:
            work = workers.run(
                scrub_file, place.path, str(target), chosen, report, timeout=TIMEOUT_S
            )
        else:
            records = [item async for item in FileProcessor().process_file_async(place.path)]
            errors = [item for item in records if isinstance(item, FileError)]
            if errors and len(errors) == len(records):
                raise errors[0]
            rows = [dict(item.data) for item in records if not isinstance(item, FileError)]
            work = workers.run(scrub_rows, rows, str(target), chosen, report, timeout=TIMEOUT_S)
        done: ScrubbedFile = await work
        done.source = place.uri
        return done

    async with Batch(one, expand(arguments), concurrency, ordered=True) as batch:
        async for outcome in batch:
            yield outcome


def _refuse_inside(arguments: Iterable[str], output: Path) -> None:
    """Refuse an output folder among the folders that are read: it would feed itself."""
    folders = [Path(argument).resolve() for argument in arguments if Path(argument).is_dir()]
    if any(output.resolve().is_relative_to(folder) for folder in folders):
        raise UserError(f"{output} lies in a folder that is read; name another with --output")
    make_folder(output)


def page_of(files: Iterable[ScrubbedFile], *, rules: Rules, made: str = "") -> str:
    """Return the page on which a person sees what was found, as HTML; ``made`` says when."""
    shown = (file.shown for file in files)
    return html_report((one for one in shown if one is not None), facts=_facts(rules, made))


def _facts(rules: Rules, made: str) -> dict[str, str]:
    """Return what somebody who was not there needs to know of how it was done."""
    from ai_catalyst import __version__
    from ai_catalyst.privacy.locales import BUILT_IN
    from ai_catalyst.privacy.ner import available

    facts = {
        "Made": f"{made}, by AI Catalyst {__version__}, on this machine alone",
        "Preset": rules.preset,
        "Languages": ", ".join(rules.locales or BUILT_IN),
        "Read by": "rules and the small model of names" if available() else "rules alone",
    }
    for name, values in (("Allowed by hand", rules.allow), ("Denied by hand", rules.deny)):
        if values:
            facts[name] = f"{len(values)} text{'s' if len(values) > 1 else ''}"
    return facts


def _free_name(uri: str, taken: set[str]) -> PurePosixPath:
    """Return where a file goes below the output folder; two of one name get a number."""
    parts = [part for part in PurePosixPath(uri).parts if part not in {"/", "..", "."}]
    name = PurePosixPath(*parts) if parts else PurePosixPath("document")
    for number in itertools.count(1):
        free = name if number == 1 else name.with_name(f"{name.stem}-{number}{name.suffix}")
        if str(free) not in taken:
            taken.add(str(free))
            return free
    raise AssertionError


def _is_long(path: str) -> bool:
    try:
        found = Path(path).stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > LONG
