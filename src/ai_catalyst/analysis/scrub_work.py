"""What a worker does of ``catalyst scrub``: one file, or one piece of a long one."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec

from ai_catalyst.analysis.scrub_page import scrubbed_page
from ai_catalyst.documents.encoding import decode, is_binary
from ai_catalyst.errors import FileError
from ai_catalyst.io.files import AtomicWriter
from ai_catalyst.privacy import Finding, Scrubber
from ai_catalyst.privacy.records import RecordScrubber
from ai_catalyst.privacy.report import Shown
from ai_catalyst.privacy.scrubber import replaced

__all__ = [
    "PAGES",
    "PLAIN",
    "SHOWN_CHARS",
    "TABLES",
    "Part",
    "Piece",
    "Rules",
    "ScrubbedFile",
    "Survey",
    "format_of",
    "scrub_file",
    "scrub_piece",
    "scrub_rows",
    "survey",
]

LEARNED_RECORDS = 200
"""Records of a table that are looked at before the first is scrubbed: columns vote."""
SHOWN_CHARS = 200_000
"""Characters of one file that the report shows."""

PLAIN = frozenset({".txt", ".md", ".markdown", ".rst", ".log", ".text"})
TABLES: Mapping[str, str] = {".csv": ",", ".tsv": "\t"}
PAGES = frozenset({".html", ".htm", ".xhtml"})
_IN_SCRIPTS = ("EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "SSN", "IP", "SECRET", "CRYPTO", "GPS")
"""Kinds that can be told from the code they stand in."""


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


def format_of(path: str) -> str:
    """Return a file's suffix, in small letters, that of what is packed in ``.gz``."""
    return PurePosixPath(path.lower().removesuffix(".gz")).suffix


class Survey(NamedTuple):
    """What the beginning of a table says of all of it: how it is written, what columns hold."""

    kind: str
    form: dict[str, Any]
    header: tuple[str, ...]
    columns: dict[str, str]


class Piece(NamedTuple):
    """One piece of a long file, cut where a line, row or paragraph ends."""

    text: str
    survey: Survey
    rules: Rules
    number: int
    line: int
    """How many lines stand before it."""
    path: str
    report: bool


class Part(NamedTuple):
    """A piece without personal data; ``shown`` and ``findings`` are for the report."""

    text: str
    counts: Counter[str]
    shown: str
    findings: list[Finding]


def scrub_file(path: str, target: str, rules: Rules, report: bool) -> ScrubbedFile:
    """Scrub one file that is held whole; it appears whole or not at all. Raises `FileError`."""
    if not Path(path).is_file():
        raise FileError(f"{path}: is no file that can be read", path=path)
    data = Path(path).read_bytes()
    zipped = data[:2] == b"\x1f\x8b"
    if zipped:
        data = gzip.decompress(data)
    if is_binary(data[:65_536]):
        raise FileError(f"{path}: holds no text", path=path)
    text = decode(data)  # its line ends are all \n now
    kind = format_of(path)
    work = _Work(rules, report)
    if kind in PAGES:
        pieces: Iterable[str] = [work.page(text)]
    elif kind == ".json":
        pieces = [work.json(text, path)]
    else:
        pieces = work.piece(text, work.survey(text, kind), 0, 0, path)
    if b"\r\n" in data[:65_536]:
        pieces = (piece.replace("\n", "\r\n") for piece in pieces)
    return work.write(pieces, target, zipped)


def survey(text: str, path: str, rules: Rules) -> Survey:
    """Look at the beginning of a long file."""
    return _Work(rules, report=False).survey(text, format_of(path))


def scrub_piece(piece: Piece) -> Part:
    """Scrub one piece of a long file. Raises `FileError`."""
    work = _Work(piece.rules, piece.report, piece.survey.columns)
    clean = "".join(work.piece(piece.text, piece.survey, piece.number, piece.line, piece.path))
    return Part(clean, work.counts, work.seen, work.findings)


def scrub_rows(rows: list[dict[str, Any]], target: str, rules: Rules, report: bool) -> ScrubbedFile:
    """Write rows that a reader made of some other format: a text, or JSON lines."""
    work = _Work(rules, report)
    if len(rows) == 1 and isinstance(rows[0].get("text"), str):
        return work.write([work.text(rows[0]["text"]), "\n"], f"{target}.txt", zipped=False)
    return work.write(work.rows(rows), f"{target}.jsonl", zipped=False)


@functools.lru_cache(maxsize=8)
def _scrubber(rules: Rules) -> Scrubber:
    return rules.scrubber()


@functools.cache
def _structured() -> Scrubber:
    return Scrubber(kinds=_IN_SCRIPTS, ner=False)


class _Work:
    """One file being scrubbed, and what was found in it so far."""

    def __init__(
        self, rules: Rules, report: bool, columns: Mapping[str, str] | None = None
    ) -> None:
        self._scrubber = _scrubber(rules)
        self._records = RecordScrubber(self._scrubber, columns=columns)
        self._counts: Counter[str] = Counter()
        self._report = report
        self._seen: list[str] = []
        self.findings: list[Finding] = []
        self._length = 0

    @property
    def counts(self) -> Counter[str]:
        return self._counts + self._records.counts

    @property
    def seen(self) -> str:
        return "".join(self._seen)

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
        shown = Shown(path.name, self.seen, self.findings) if self._report else None
        return ScrubbedFile("", target, dict(sorted(self.counts.items())), shown)

    def survey(self, text: str, kind: str) -> Survey:
        if kind in TABLES:
            form = _form_of(text, TABLES[kind])
            rows = csv.reader(io.StringIO(text, newline=""), **form)
            header = next(rows, [])
            first = itertools.islice(rows, LEARNED_RECORDS)
            self._learn(dict(zip(header, row, strict=False)) for row in first)
            return Survey(kind, form, tuple(header), dict(self._records.columns))
        if kind not in PLAIN:
            self._learn(_valid(itertools.islice(io.StringIO(text), LEARNED_RECORDS)))
        return Survey(kind, {}, (), dict(self._records.columns))

    def piece(self, text: str, survey: Survey, number: int, line: int, path: str) -> Iterable[str]:
        """Scrub a piece of lines, rows or text; the first of a table has its header."""
        if survey.kind in PLAIN:
            return [self.text(text)]
        if survey.kind in TABLES:
            return self._table(text, survey, number == 0)
        return self._json_lines(text, path, line)

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
            self.findings.append(one._replace(start=start, end=end))
        self._seen.append(text)
        self._length += len(text)

    def page(self, text: str) -> str:
        page = scrubbed_page(text, self._scrubber, _structured())
        self._counts.update(finding.kind for finding in (*page.findings, *page.beside))
        self._show(page.text, page.findings)
        return page.clean

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

    def _json_lines(self, text: str, path: str, before: int) -> Iterator[str]:
        for number, line in enumerate(io.StringIO(text), before + 1):  # ends at \n alone
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

    def _table(self, text: str, survey: Survey, headed: bool) -> Iterator[str]:
        rows = csv.reader(io.StringIO(text, newline=""), **survey.form)
        header = survey.header
        if headed and next(rows, None) is not None:
            yield _line(self._records.keys(header), survey.form)
        for row in rows:
            self._note(dict(zip(header, row, strict=False)))
            named = itertools.zip_longest(header[: len(row)], row, fillvalue="")
            yield _line([self._records.value(name, cell) for name, cell in named], survey.form)

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


def _form_of(text: str, usual: str) -> dict[str, Any]:
    """Return how a table is written, as `csv.reader` takes it."""
    try:
        dialect: Any = csv.Sniffer().sniff(text[:65_536], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel_tab if usual == "\t" else csv.excel
    names = ("delimiter", "doublequote", "escapechar", "quotechar", "quoting", "skipinitialspace")
    return {name: getattr(dialect, name) for name in names}


def _line(cells: Iterable[Any], form: dict[str, Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", **form).writerow(cells)
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
