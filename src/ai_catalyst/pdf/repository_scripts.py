"""The repository's statements: each function is one transaction, on either database."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.repository_model import (
    ChangedMeanwhile,
    Correction,
    Hit,
    SavedDocument,
    Summary,
)
from ai_catalyst.pdf.repository_snippet import snippet
from ai_catalyst.pdf.repository_values import dump, load
from ai_catalyst.store.packing import clean
from ai_catalyst.store.scripts import Ask, Script

__all__ = ["ANY", "correct", "get", "listing", "number_of", "pages_of", "save", "search"]

ANY = object()
"""Stands for: whatever the field holds now."""

_SUMMARY = (
    "SELECT r.id, r.file_name, d.sha256, r.method, r.outcome, d.pages, r.saved, "
    "(SELECT count(*) FROM pdf_corrections c WHERE c.record = r.id) AS corrections "
    "FROM pdf_records r JOIN pdf_documents d ON d.id = r.document "
)
_WORD = re.compile(r"\w+")
_WILD = re.compile(r"[!%_]")


def save(
    file_name: str,
    sha256: str,
    pages: Sequence[PageText],
    extraction: Extraction,
    outcome: str,
    method: str,
    now: float,
) -> Script[int]:
    """Keep a document, its pages and what was found in it; the same again is the same id."""
    document = yield from _document(sha256, pages, now)
    name = clean(file_name)
    fields = list(_field_rows(extraction))
    digest = _digest([name, method, outcome, *(part for row in fields for part in row)])
    rows = yield Ask(
        "INSERT INTO pdf_records(document, file_name, method, outcome, digest, saved) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (document, digest) DO NOTHING RETURNING id",
        (document, name, method, outcome, digest, now),
    )
    if not rows:
        rows = yield Ask(
            "SELECT id FROM pdf_records WHERE document = ? AND digest = ?", (document, digest)
        )
        return int(rows[0][0])
    record = int(rows[0][0])
    if fields:
        yield Ask(
            "INSERT INTO pdf_fields(record, position, name, value, page, quote, box, confidence, "
            "source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(record, position, *row) for position, row in enumerate(fields)],
            many=True,
        )
    return record


def _document(sha256: str, pages: Sequence[PageText], now: float) -> Script[int]:
    """Return the id of a document; its pages are written anew when they read differently now."""
    texts = [(page.number, clean(page.text), clean(page.layout), page) for page in pages]
    digest = _digest([part for number, text, layout, _ in texts for part in (number, text, layout)])
    # The no-op update locks the row, so that two savers of one document take turns.
    rows = yield Ask(
        "INSERT INTO pdf_documents(sha256, pages, pages_digest, updated) VALUES (?, 0, '', ?) "
        "ON CONFLICT (sha256) DO UPDATE SET updated = excluded.updated RETURNING id, pages_digest",
        (sha256, now),
    )
    document, known = rows[0]
    if known == digest or (known and not pages):  # a failed reading takes no text away
        return int(document)
    yield Ask("DELETE FROM pdf_pages WHERE document = ?", (document,))
    if texts:
        yield Ask(
            "INSERT INTO pdf_pages(document, number, text, layout, width, height, source) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (document, number, text, layout, float(page.width), float(page.height), page.source)
                for number, text, layout, page in texts
            ],
            many=True,
        )
    yield Ask(
        "UPDATE pdf_documents SET pages = ?, pages_digest = ? WHERE id = ?",
        (len(texts), digest, document),
    )
    return int(document)


def _field_rows(extraction: Extraction) -> Iterator[tuple[Any, ...]]:
    for name, value in extraction.data.items():
        evidence = extraction.evidence.get(name)
        if evidence is None:
            yield clean(name), dump(value), None, None, None, None, None
            continue
        page, quote, box, confidence, source = evidence
        yield (
            clean(name),
            dump(value),
            page,
            None if quote is None else clean(quote),
            None if box is None else json.dumps([float(side) for side in box]),
            float(confidence),
            clean(source),
        )


def _digest(parts: Sequence[Any]) -> str:
    """Return a digest of a list of texts, numbers and Nones."""
    joined = json.dumps([str(part) if part is not None else None for part in parts])
    return hashlib.sha256(joined.encode()).hexdigest()


def get(db_id: int) -> Script[SavedDocument]:
    """Return a record in full; `UserError` when there is none."""
    rows = yield Ask(f"{_SUMMARY} WHERE r.id = ?", (_checked(db_id),))
    if not rows:
        raise _unknown(db_id)
    summary = _summary(rows[0])
    fields = yield Ask(
        "SELECT name, value, page, quote, box, confidence, source FROM pdf_fields "
        "WHERE record = ? ORDER BY position",
        (db_id,),
    )
    corrections = yield from _corrections(db_id)
    original = {row[0]: load(row[1]) for row in fields}
    return SavedDocument(
        summary.db_id,
        summary.file_name,
        summary.sha256,
        summary.method,
        summary.outcome,
        summary.pages,
        summary.saved,
        data={**original, **{one.field: one.after for one in corrections}},
        original=original,
        evidence={row[0]: _evidence(row) for row in fields if row[5] is not None},
        corrections=corrections,
    )


def _corrections(db_id: int) -> Script[tuple[Correction, ...]]:
    rows = yield Ask(
        "SELECT field, before, after, who, at FROM pdf_corrections WHERE record = ? ORDER BY id",
        (db_id,),
    )
    return tuple(Correction(row[0], load(row[1]), load(row[2]), row[3], row[4]) for row in rows)


def _evidence(row: Any) -> Evidence:
    box = None if row[4] is None else json.loads(row[4])
    place = None if box is None else (box[0], box[1], box[2], box[3])
    return Evidence(row[2], row[3], place, row[5], row[6])


def pages_of(db_id: int) -> Script[list[PageText]]:
    """Return the pages of a record's document, without their words; none were kept of a scan."""
    rows = yield Ask("SELECT document FROM pdf_records WHERE id = ?", (_checked(db_id),))
    if not rows:
        raise _unknown(db_id)
    found = yield Ask(
        "SELECT number, text, layout, width, height, source FROM pdf_pages WHERE document = ? "
        "ORDER BY number",
        (rows[0][0],),
    )
    return [
        PageText(row[0], row[1], row[2], width=row[3], height=row[4], source=row[5])
        for row in found
    ]


def listing(limit: int, before: int | None, name: str | None) -> Script[list[Summary]]:
    """Return records, the newest first, those older than the id ``before``."""
    wheres: list[str] = []
    parameters: list[Any] = []
    if before is not None:
        wheres.append("r.id < ?")
        parameters.append(_checked(before))
    if name:
        wheres.append("lower(r.file_name) LIKE ? ESCAPE '!'")
        escaped = _WILD.sub(r"!\g<0>", name.lower())
        parameters.append(f"%{escaped}%")
    where = f"WHERE {' AND '.join(wheres)} " if wheres else ""
    rows = yield Ask(f"{_SUMMARY} {where} ORDER BY r.id DESC LIMIT ?", (*parameters, limit))
    return [_summary(row) for row in rows]


def number_of() -> Script[int]:
    """Return how many records there are."""
    rows = yield Ask("SELECT count(*) FROM pdf_records")
    return int(rows[0][0])


def correct(
    db_id: int, field: str, value: Any, who: str, seen: Any, now: float, *, add: bool, locked: bool
) -> Script[Correction]:
    """Write down that somebody changed a field; what it held before stays."""
    lock = " FOR UPDATE" if locked else ""
    rows = yield Ask(f"SELECT id FROM pdf_records WHERE id = ?{lock}", (_checked(db_id),))  # noqa: S608
    if not rows:
        raise _unknown(db_id)
    before = yield from _held(db_id, field, add=add)
    if seen is not ANY and dump(seen) != dump(before[0]):
        raise ChangedMeanwhile(
            f"the field {field!r} of document {db_id} was changed by {before[1] or 'someone'} "
            "in the meantime: look at the new value, then change it again",
            before[0],
        )
    yield Ask(
        'INSERT INTO pdf_corrections(record, field, at, who, "before", "after") '
        "VALUES (?, ?, ?, ?, ?, ?)",
        (db_id, field, now, clean(who), dump(before[0]), dump(value)),
    )
    yield Ask(
        "UPDATE pdf_documents SET updated = ? "
        "WHERE id = (SELECT document FROM pdf_records WHERE id = ?)",
        (now, db_id),
    )
    return Correction(field, before[0], value, who, now)


def _held(db_id: int, field: str, *, add: bool) -> Script[tuple[Any, str | None]]:
    """Return what a field holds now and who put it there, None for the extractor."""
    rows = yield Ask(
        "SELECT after, who FROM pdf_corrections WHERE record = ? AND field = ? "
        "ORDER BY id DESC LIMIT 1",
        (db_id, field),
    )
    if rows:
        return load(rows[0][0]), rows[0][1]
    rows = yield Ask(
        "SELECT value FROM pdf_fields WHERE record = ? AND name = ?", (db_id, clean(field))
    )
    if not rows and not add:
        raise UserError(f"document {db_id} has no field {field!r}")
    return load(rows[0][0]) if rows else None, None


def search(words: str, limit: int, *, postgres: bool) -> Script[list[Hit]]:
    """Return pages that hold all words, the best first; the last word may be a beginning."""
    found = _WORD.findall(clean(words))
    if not found:
        return []
    rows = yield (_search_postgres if postgres else _search_sqlite)(found, limit)
    return [Hit(int(row[0]), row[1], row[2], snippet(row[3], found)) for row in rows]


_NEWEST = "(SELECT max(r.id) FROM pdf_records r WHERE r.document = p.document)"


def _search_sqlite(words: Sequence[str], limit: int) -> Ask:
    """Choose the best in the index alone; only their pages are read."""
    return Ask(
        "SELECT r.id, r.file_name, p.number, p.text FROM "  # noqa: S608
        "(SELECT rowid AS id, rank FROM pdf_search WHERE pdf_search MATCH ? ORDER BY rank LIMIT ?) "
        "AS best JOIN pdf_pages p ON p.id = best.id "
        f"JOIN pdf_records r ON r.id = {_NEWEST} ORDER BY best.rank, p.id",
        (" ".join(f'"{word}"' for word in words) + "*", limit),
    )


def _search_postgres(words: Sequence[str], limit: int) -> Ask:
    vector = "to_tsvector('simple', left(p.text, 100000))"
    query = "to_tsquery('simple', ?1)"
    return Ask(
        "SELECT r.id, r.file_name, p.number, p.text "  # noqa: S608
        f"FROM pdf_pages p JOIN pdf_records r ON r.id = {_NEWEST} "
        f"WHERE {vector} @@ {query} ORDER BY ts_rank({vector}, {query}) DESC, p.id LIMIT ?2",
        (" & ".join(words) + ":*", limit),
    )


def _summary(row: Mapping[str, Any] | Sequence[Any]) -> Summary:
    return Summary(*tuple(row))


def _checked(db_id: Any) -> int:
    if isinstance(db_id, bool) or not isinstance(db_id, int) or not 0 < db_id < 2**63:
        raise UserError(f"{db_id!r} is no id of a document: ids are whole numbers from 1")
    return db_id


def _unknown(db_id: int) -> UserError:
    return UserError(
        f"no document with the id {db_id} is kept here: see the list for those that are"
    )
