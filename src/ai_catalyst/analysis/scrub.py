"""Files without personal data: each comes back in its own format where that can be written.

Text, Markdown, JSON, JSONL, CSV, TSV and HTML keep their format and layout; of other formats the
text is written (``letter.pdf`` becomes ``letter.pdf.txt``), their rows as JSONL. Each file is
scrubbed in a worker process and appears whole or not at all.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.documents.encoding import decode, is_binary
from ai_catalyst.documents.processor import FileProcessor
from ai_catalyst.documents.sources import Locator, expand
from ai_catalyst.engine import Batch, Outcome, shared_pool
from ai_catalyst.errors import FileError, UserError
from ai_catalyst.io.files import AtomicWriter, make_folder
from ai_catalyst.privacy import Finding, Scrubber
from ai_catalyst.privacy.records import RecordScrubber
from ai_catalyst.privacy.report import Shown, html_report
from ai_catalyst.privacy.scrubber import replaced

if TYPE_CHECKING:
    from ai_catalyst.engine import WorkerPool

__all__ = ["Rules", "ScrubbedFile", "page_of", "scrub_files"]

LEARNED_RECORDS = 200
"""Records of a table that are looked at before the first is scrubbed: columns vote."""
SHOWN_CHARS = 200_000
TIMEOUT_S = 600.0

_PLAIN = {".txt", ".md", ".markdown", ".rst", ".log", ".text"}
_TABLES = {".csv": ",", ".tsv": "\t"}
_PAGES = {".html", ".htm", ".xhtml"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a scrubber looks for, in a form that travels to a worker process."""

    preset: str = "balanced"
    locales: tuple[str, ...] | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def scrubber(self) -> Scrubber:
        """Make the scrubber."""
        return Scrubber(preset=self.preset, locales=self.locales, allow=self.allow, deny=self.deny)


@dataclass(slots=True)
class ScrubbedFile:
    """One file that was scrubbed: where it came from and went, and what was replaced by kind.

    ``shown`` is its text with the findings, for the report page, when that was asked for.
    """

    source: str
    output: str
    counts: dict[str, int] = field(default_factory=dict)
    shown: Shown | None = None


async def scrub_files(
    arguments: Iterable[str],
    output: Path,
    *,
    rules: Rules | None = None,
    report: bool = False,
    concurrency: int = 4,
    pool: WorkerPool | None = None,
) -> AsyncIterator[Outcome[Locator, ScrubbedFile]]:
    """Scrub every file the arguments name into the folder ``output``, in the order of the files.

    A file that cannot be read or written fails alone. The folder may not be one that is read.
    """
    chosen = rules or Rules()
    workers = pool or shared_pool()
    _refuse_inside(arguments, output)
    taken: set[str] = set()

    async def one(place: Locator) -> ScrubbedFile:
        if place.error is not None:
            raise place.error
        if place.path is None or place.kind != "file":
            raise FileError(f"{place.uri}: only files can be scrubbed", path=place.uri)
        target = output / _free_name(place.uri, taken)
        if _written_as_it_is(place.path):
            work = workers.run(
                _scrub_file, place.path, str(target), chosen, report, timeout=TIMEOUT_S
            )
        else:
            records = [item async for item in FileProcessor().process_file_async(place.path)]
            errors = [item for item in records if isinstance(item, FileError)]
            if errors and len(errors) == len(records):
                raise errors[0]
            rows = [dict(item.data) for item in records if not isinstance(item, FileError)]
            work = workers.run(_scrub_rows, rows, str(target), chosen, report, timeout=TIMEOUT_S)
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


def page_of(files: Iterable[ScrubbedFile], *, rules: str = "") -> str:
    """Return the page on which a person sees what was found, as HTML."""
    shown = (file.shown for file in files)
    return html_report((one for one in shown if one is not None), rules=rules)


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


def _format_of(path: str) -> str:
    return PurePosixPath(path.lower().removesuffix(".gz")).suffix


def _written_as_it_is(path: str) -> bool:
    known = _PLAIN | set(_TABLES) | _PAGES | {".json", ".jsonl", ".ndjson"}
    return _format_of(path) in known


# What runs in a worker.


def _scrub_file(path: str, target: str, rules: Rules, report: bool) -> ScrubbedFile:
    if not Path(path).is_file():
        raise FileError(f"{path}: is no file that can be read", path=path)
    data = Path(path).read_bytes()
    zipped = data[:2] == b"\x1f\x8b"
    if zipped:
        data = gzip.decompress(data)
    if is_binary(data[:65_536]):
        raise FileError(f"{path}: holds no text", path=path)
    text = decode(data)  # its line ends are all \n now
    kind = _format_of(path)
    work = _Work(rules, report)
    if kind in _PLAIN:
        pieces: Iterable[str] = [work.text(text)]
    elif kind in _PAGES:
        pieces = [work.page(text)]
    elif kind in _TABLES:
        pieces = work.table(text, _TABLES[kind])
    elif kind == ".json":
        pieces = [work.json(text, path)]
    else:
        pieces = work.json_lines(text, path)
    if b"\r\n" in data[:65_536]:
        pieces = (piece.replace("\n", "\r\n") for piece in pieces)
    return work.write(pieces, target, zipped)


def _scrub_rows(
    rows: list[dict[str, Any]], target: str, rules: Rules, report: bool
) -> ScrubbedFile:
    work = _Work(rules, report)
    if len(rows) == 1 and isinstance(rows[0].get("text"), str):
        return work.write([work.text(rows[0]["text"]), "\n"], f"{target}.txt", zipped=False)
    return work.write(work.rows(rows), f"{target}.jsonl", zipped=False)


class _Work:
    """One file being scrubbed, and what was found in it so far."""

    def __init__(self, rules: Rules, report: bool) -> None:
        self._scrubber = rules.scrubber()
        self._records = RecordScrubber(self._scrubber)
        self._counts: Counter[str] = Counter()
        self._report = report
        self._seen: list[str] = []
        self._findings: list[Finding] = []
        self._length = 0

    def write(self, pieces: Iterable[str], target: str, zipped: bool) -> ScrubbedFile:
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        with AtomicWriter(path) as file:
            if zipped:
                with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:  # type: ignore[call-overload]
                    for piece in pieces:
                        packed.write(piece.encode("utf-8", "surrogateescape"))
            else:
                for piece in pieces:
                    file.write(piece)
        counts = self._counts + self._records.counts
        shown = Shown(path.name, "".join(self._seen), self._findings) if self._report else None
        return ScrubbedFile("", target, dict(sorted(counts.items())), shown)

    def text(self, text: str) -> str:
        findings = self._scrubber.detect(text)
        self._counts.update(finding.kind for finding in findings)
        self._show(text, findings)
        return replaced(text, findings)

    def _show(self, text: str, findings: Iterable[Finding]) -> None:
        """Keep a text and its findings for the page, as long as there is room."""
        if not self._report or self._length > SHOWN_CHARS:
            return
        for one in findings:
            start, end = one.start + self._length, one.end + self._length
            self._findings.append(one._replace(start=start, end=end))
        self._seen.append(text)
        self._length += len(text)

    def page(self, text: str) -> str:
        """Scrub what is between the tags and in the attributes that people read."""
        words = html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text)))
        found = self._scrubber.detect(words)
        self._counts.update(finding.kind for finding in found)
        self._show(words, found)
        values = sorted({finding.text for finding in found}, key=len, reverse=True)
        kinds = {finding.text: finding.kind for finding in found}
        scrubbed = text
        if values:
            forms = {form: value for value in values for form in (value, html.escape(value))}
            anywhere = re.compile(
                "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
            )
            scrubbed = anywhere.sub(lambda m: f"&lt;{kinds[forms[m[0]]]}&gt;", text)
        return _LINK.sub(self._address, scrubbed)

    def _address(self, match: re.Match[str]) -> str:
        inside = html.unescape(match[2])
        clean = replaced(inside, self._scrubber.detect(inside))
        return match[0] if clean == inside else f"{match[1]}{html.escape(clean)}{match[3]}"

    def json(self, text: str, path: str) -> str:
        try:
            value = json.loads(text)
        except ValueError as error:
            raise FileError(f"{path}: not valid JSON: {error}", path=path) from None
        items = value if isinstance(value, list) else [value]
        self._learn(items)
        scrubbed = self._records.scrub(value)
        indent = _indent_of(text)
        end = "\n" if text.endswith("\n") else ""
        return json.dumps(scrubbed, ensure_ascii=False, indent=indent) + end

    def json_lines(self, text: str, path: str) -> Iterator[str]:
        lines = text.splitlines(keepends=True)
        self._learn(_valid(lines[:LEARNED_RECORDS]))
        for number, line in enumerate(lines, 1):
            if not line.strip():
                yield line
                continue
            try:
                value = json.loads(line)
            except ValueError:
                why = f"{path}: line {number} is not valid JSON, so nothing was written"
                raise FileError(why, path=path, line=number) from None
            self._note(value)
            yield json.dumps(self._records.scrub(value), ensure_ascii=False) + "\n"

    def table(self, text: str, usual: str) -> Iterator[str]:
        try:
            dialect: Any = csv.Sniffer().sniff(text[:65_536], delimiters=",;\t|")
        except csv.Error:
            dialect = csv.excel_tab if usual == "\t" else csv.excel
        rows = csv.reader(io.StringIO(text, newline=""), dialect)
        header = next(rows, None)
        if header is None:
            return
        first = list(itertools.islice(rows, LEARNED_RECORDS))
        self._learn([dict(zip(header, row, strict=False)) for row in first])
        yield _line(header, dialect)
        for row in itertools.chain(first, rows):
            fields = dict(zip(header, row, strict=False))
            self._note(fields)
            clean = self._records.scrub(fields)
            rest = [self.text(cell) for cell in row[len(header) :]]
            cells = [clean.get(name, "") for name in header[: len(row)]] + rest
            yield _line(cells, dialect)

    def rows(self, rows: list[dict[str, Any]]) -> Iterator[str]:
        self._learn(rows[:LEARNED_RECORDS])
        for row in rows:
            self._note(row)
            yield msgspec.json.encode(self._records.scrub(row)).decode() + "\n"

    def _learn(self, records: Iterable[Any]) -> None:
        self._records.learn(list(itertools.islice(records, LEARNED_RECORDS)))

    def _note(self, record: Any) -> None:
        """Show a record on the page as lines of ``field: value``."""
        if not self._report or self._length > SHOWN_CHARS or not isinstance(record, Mapping):
            return
        for name, value in record.items():
            if isinstance(value, str):
                lead = f"{name}: "
                self._show(lead, ())
                self._show(f"{value}\n", self._records.findings(str(name), value))
        self._show("\n", ())


_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(
    r"""(\b(?:href|src|content|title|alt|value)\s*=\s*["'])([^"'>]*)(["'])""", re.IGNORECASE
)


def _line(cells: list[Any], dialect: Any) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, dialect, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _indent_of(text: str) -> int | None:
    match = re.search(r"[\[{]\n( +)", text)
    return len(match[1]) if match else None


def _valid(lines: Iterable[str]) -> Iterator[Any]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
