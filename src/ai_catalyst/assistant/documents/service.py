"""The library: uploads kept until they are read, reading them, and the shelf everybody shares."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import yaml

from ai_catalyst.assistant.chunking import passages_of
from ai_catalyst.assistant.documents.repository import SHARED, DocumentRow
from ai_catalyst.assistant.jobs.repository import Finished
from ai_catalyst.assistant.problems import FULL, Problem
from ai_catalyst.documents import BadSource, stream_documents
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.opening import open_blob
from ai_catalyst.errors import FileError, SourceError
from ai_catalyst.model import Document
from ai_catalyst.store.search import NewPassage

if TYPE_CHECKING:
    from ai_catalyst.assistant.config import ServiceConfig
    from ai_catalyst.assistant.documents.repository import Documents
    from ai_catalyst.assistant.jobs.repository import Jobs

__all__ = ["Library", "Loaded"]

MOST_FILES = 1000
READ_S = 120.0
SETTLED_S = 600.0
"""A file of that age has its document in the database, or never will."""
THERE = "it is there already"
_PIECE = 1 << 20
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}(?:\.gz)?$")
_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)

Loaded = tuple[str, str | None]
"""A document that was put on the shelf, and why not."""


class Library:
    """Takes uploads, reads them, and loads folders for everybody."""

    def __init__(self, config: ServiceConfig, documents: Documents, jobs: Jobs) -> None:
        """Use the tables; files go to the folder of the configuration."""
        self._config = config
        self._documents = documents
        self._jobs = jobs

    # Uploads.

    async def take(
        self, owner: str, files: list[tuple[str, BinaryIO]], now: float
    ) -> tuple[list[DocumentRow], str]:
        """Keep uploaded files and make the job that reads them.

        Raises `Problem`: 413 for more than one account may keep, 415 for a kind nobody reads, 422
        for an empty file, 507 when the disk is full. Then nothing is kept of any of them.
        """
        rows: list[DocumentRow] = []
        documents, size = await self._documents.kept(owner)
        try:
            for name, file in files:
                rows.append(await asyncio.to_thread(self._keep, owner, name, file, now))
                size += rows[-1].bytes
                self._check_quota(documents + len(rows), size)
            job = uuid.uuid4().hex
            await self._jobs.add(job, owner, rows)
        except BaseException:
            for row in rows:
                await self.discard(row)
            raise
        return rows, job

    def _check_quota(self, documents: int, size: int) -> None:
        most, limit = self._config.quota_documents, self._config.quota_bytes
        if documents > most or size > limit:
            raise Problem(
                413,
                f"an account may keep {most} documents and {limit >> 20} MiB: erase some first",
            )

    def _keep(self, owner: str, name: str, file: BinaryIO, now: float) -> DocumentRow:
        """Write an upload under a name of ours, durable; whatever it is called outside."""
        shown = _shown(name)
        document = uuid.uuid4().hex
        extension = _EXTENSION.search(shown)
        path = self._config.uploads / f"{document}{extension[0].lower() if extension else ''}"
        try:
            size, digest = _copy(file, path)
            kind = _recognised(path, shown)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in FULL:
                raise Problem(507, "there is no space left for uploads here") from error
            raise
        return DocumentRow(
            document, owner, shown, size, digest, kind=kind, created=now, meta={"file": path.name}
        )

    async def discard(self, row: DocumentRow) -> None:
        """Remove the file of an upload."""
        name = row.meta.get("file")
        if name:
            path = self._config.uploads / Path(str(name)).name
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def sweep(self) -> int:
        """Remove files that no document waits for any more; returns how many.

        They are left by a process that was killed in between, and by jobs that were cancelled.
        """
        names = await asyncio.to_thread(_settled, self._config.uploads)
        waiting = await self._documents.waiting([name[:32] for name in names])
        left = [name for name in names if name[:32] not in waiting]
        for name in left:
            await asyncio.to_thread((self._config.uploads / name).unlink, missing_ok=True)
        return len(left)

    async def remove(self, document: str, owner: str) -> bool:
        """Take somebody's own document out, with all that came of it."""
        row = await self._documents.get(document, owner)
        if row is None or row.owner != owner:
            return False
        removed = await self._jobs.remove_document(document, owner)
        await self.discard(row)
        return removed

    # Reading.

    async def read(self, row: DocumentRow) -> Finished:
        """Read an upload; whatever is wrong with it is said in the result."""
        name = row.meta.get("file")
        path = self._config.uploads / Path(str(name)).name
        if not name or not await asyncio.to_thread(path.is_file):
            return Finished(kind=row.kind, error="the uploaded file is gone: upload it again")
        passages: list[NewPassage] = []
        title, kind, pages, errors = "", row.kind, 0, []
        async for found in stream_documents([path], concurrency=1, timeout_s=READ_S):
            if isinstance(found, BadSource):
                errors.append(_reason(found.error, path))
                continue
            assert isinstance(found, Document)
            text, meta = await asyncio.to_thread(_matter, found)
            title = title or str(meta.get("title") or found.title)
            kind, pages = found.kind, pages + found.pages
            passages += await asyncio.to_thread(_passages, text, meta, row.name, found)
        if not passages:
            error = errors[0] if errors else "it holds no text (a scan needs OCR first)"
            return Finished(kind=kind, pages=pages, error=error)
        return Finished(title or row.name, kind, pages, passages)

    # The shelf.

    async def load(self, folder: Path) -> AsyncIterator[Loaded]:
        """Put every document of a folder on the shelf; what is there already stays as it is."""
        async for found in stream_documents([folder]):
            if isinstance(found, BadSource):
                yield found.uri, str(found.error)
                continue
            assert isinstance(found, Document)
            name = found.uri.removeprefix(f"{folder}/")
            yield found.uri, None if await self._shelve(found, name) else THERE

    async def load_starter(self) -> int:
        """Put the starter knowledge base on the shelf, once; returns how many are new."""
        source = resources.files("ai_catalyst.assistant") / "knowledge"
        with resources.as_file(source) as folder:
            return sum([reason is None async for _, reason in self.load(folder)])

    async def _shelve(self, found: Document, name: str) -> bool:
        text, meta = await asyncio.to_thread(_matter, found)
        title = str(meta.get("title") or found.title or Path(name).stem)
        passages = await asyncio.to_thread(_passages, text, meta, title, found)
        digest = hashlib.sha256(f"{name}\x00{found.hash}".encode()).hexdigest()
        row = DocumentRow(
            digest[:32],
            SHARED,
            name,
            len(text.encode()),
            found.hash,
            title,
            found.kind,
            "ready",
            pages=found.pages,
            passages=len(passages),
            meta={key: meta[key] for key in ("code", "system", "sources") if key in meta},
        )
        return await self._documents.add_ready(row, passages)


def _copy(file: BinaryIO, path: Path) -> tuple[int, str]:
    """Copy a file, durable; returns its size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as kept:
        file.seek(0)
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            kept.write(piece)
        kept.flush()
        os.fsync(kept.fileno())
    return size, digest.hexdigest()


def _settled(folder: Path) -> list[str]:
    """Return the files of a folder that are not just being written down."""
    before = time.time() - SETTLED_S
    with os.scandir(folder) as entries:
        return [one.name for one in entries if one.is_file() and one.stat().st_mtime < before]


def _recognised(path: Path, shown: str) -> str:
    """Return the kind of a file, by what is in it. Raises `Problem` for one nobody reads."""
    opened = open_blob(Blob(shown, str(path)), glances=True)
    if isinstance(opened.error, FileError):
        status = {"unsupported": 415, "too_large": 413}.get(opened.error.kind, 422)
        reason = _reason(opened.error, path).removeprefix(f"{shown}: ")
        raise Problem(status, f"{shown}: {reason}")
    assert opened.reader is not None
    return opened.reader.kind


def _shown(name: str) -> str:
    """Return the last part of a name as people may see it, without what moves the cursor."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(sign for sign in last if sign.isprintable()).strip()
    return kept[-200:] or "document"


def _reason(error: Exception, path: Path) -> str:
    """Return what is wrong, without the place on this machine."""
    if not isinstance(error, SourceError):
        return "it cannot be read"
    text = str(error).replace(f"{path}: ", "").replace(str(path), "it").replace(path.name, "it")
    return f"it {text}"[:300] if text.startswith("is ") else text[:300]


def _matter(found: Document) -> tuple[str, Mapping[str, Any]]:
    """Return text and metadata of a document; Markdown may begin with a block of YAML."""
    match = _FRONT_MATTER.match(found.text)
    if match is None:
        return found.text, found.meta
    try:
        values = yaml.safe_load(match[1])
    except yaml.YAMLError:
        return found.text, found.meta
    if not isinstance(values, dict):
        return found.text, found.meta
    return found.text[match.end() :], {**found.meta, **values}


def _passages(text: str, meta: Mapping[str, Any], name: str, found: Document) -> list[NewPassage]:
    title = str(meta.get("title") or found.title or name)
    starts = meta.get("page_starts")
    passages = passages_of(
        text, title=title, page_starts=starts if isinstance(starts, list) else ()
    )
    words = meta.get("keywords")
    if isinstance(words, list) and words:
        passages.insert(0, NewPassage(f"{title}: {', '.join(map(str, words))}.", title))
    return passages
