"""One job of the app on disk: its uploads, its order, and a line for everything that happened.

Uploads are copied here as they come and are not kept in memory. ``order.json`` says what was asked,
``log.jsonl`` what became of each file: a line is durable before it is shown, so an app that is
killed knows afterwards what it had done.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

import msgspec

from ai_catalyst.analysis.plain import safe_text
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.io.files import write_atomic
from ai_catalyst.pdf.model import Evidence
from ai_catalyst.pdf.repository_values import dump, load
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.store.place import state_dir

__all__ = [
    "CORRECTED",
    "Change",
    "JobFolder",
    "Order",
    "Upload",
    "correct",
    "folders",
    "forget_uploads",
    "jobs_folder",
]

_ID = re.compile(r"[A-Za-z0-9_-]{16}")
CORRECTED = "corrected"
"""The source of a value that a person gave."""
_CHUNK = 1 << 20


class Upload(msgspec.Struct, frozen=True):
    """One uploaded file: the name it is shown by, unique in its job, and where its bytes are."""

    name: str
    path: str
    size: int

    def read(self) -> bytes:
        """Return its bytes; what a processor asks a file for."""
        return Path(self.path).read_bytes()


class Order(msgspec.Struct, frozen=True):
    """What somebody asked for. ``fields`` is YAML; ``started`` and ``created`` are epoch seconds.

    ``resumed`` counts how often it was begun anew after the app had been stopped.
    """

    fields: str = ""
    method: str = "classic"
    model: str = ""
    created: float = 0.0
    started: float | None = None
    cancelled: bool = False
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A person changed a field of a file's result."""

    index: int
    field: str
    value: Any


@dataclass(slots=True)
class JobFolder:
    """A job's folder; made by `create`, found by `open`."""

    path: Path
    order: Order
    uploads: list[Upload] = field(default_factory=list)
    stamp: int = 0

    @property
    def id(self) -> str:
        """The job's name in addresses; nobody can guess it."""
        return self.path.name

    @classmethod
    def create(cls, root: Path, now: float) -> JobFolder:
        """Make an empty job. Raises `StoreError` when there is no room, or no permission."""
        path = root / secrets.token_urlsafe(12)
        made = cls(path, Order(created=now))
        with _mapped("made", path):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            (path / "files").mkdir(mode=0o700, parents=True)
            path.chmod(0o700)
        made.write()
        return made

    @classmethod
    def open(cls, root: Path, job_id: str) -> JobFolder:
        """Find a job. Raises `UserError` for an id that is none, or of a job that was removed."""
        path = root / job_id
        if not _ID.fullmatch(job_id) or not (path / "order.json").is_file():
            raise UserError("this batch is not here any more: it was removed, or never was")
        with _mapped("read", path):
            stamp = _stamp(path)
            raw = (path / "order.json").read_bytes()
        try:
            kept = msgspec.json.decode(raw, type=_Kept)
        except msgspec.MsgspecError as error:
            raise StoreError(f"the batch in {path} is damaged: remove its folder") from error
        return cls(path, kept.order, list(kept.uploads), stamp)

    def write(self, **changes: Any) -> None:
        """Change the order, durably."""
        if changes:
            self.order = msgspec.structs.replace(self.order, **changes)
        with _mapped("written", self.path):
            write_atomic(
                self.path / "order.json", msgspec.json.encode(_Kept(self.order, self.uploads))
            )
            self.stamp = _stamp(self.path)

    def add(self, name: str, content: IO[bytes]) -> Upload:
        """Copy an upload here, a piece at a time. Raises `StoreError` when the disk is full."""
        shown = _unused(_shown(name), {upload.name for upload in self.uploads})
        target = self.path / "files" / f"{secrets.token_hex(8)}.pdf"
        try:
            with _mapped("written", target), target.open("xb") as file:
                shutil.copyfileobj(content, file, _CHUNK)
                size = file.tell()
                file.flush()
                os.fsync(file.fileno())
            self.uploads.append(Upload(shown, str(target), size))
            self.write()
        except BaseException:
            self.uploads = [one for one in self.uploads if one.path != str(target)]
            target.unlink(missing_ok=True)
            raise
        return self.uploads[-1]

    def drop(self, index: int) -> None:
        """Remove an upload that was not processed yet."""
        upload = self.uploads.pop(index)
        self.write()
        Path(upload.path).unlink(missing_ok=True)

    def log(self, entry: BatchResult | Change, index: int) -> None:
        """Write down a result or a change, durable when it returns."""
        line = f"{dump(_entry(entry, index))}\n".encode()
        with _mapped("written", self.path), (self.path / "log.jsonl").open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def results(self) -> dict[int, BatchResult]:
        """Return the newest result of each file by its index, with later changes in it.

        The last line may have been cut by a crash: it was shown to nobody.
        """
        found: dict[int, BatchResult] = {}
        for entry in self._entries():
            index = entry.get("index")
            if not isinstance(index, int) or not 0 <= index < len(self.uploads):
                continue
            if "result" in entry:
                found[index] = _result(entry["result"])
            elif index in found:
                correct(found[index], entry["field"], entry["value"])
        return found

    def _entries(self) -> Iterator[dict[str, Any]]:
        log = self.path / "log.jsonl"
        if not log.exists():
            return
        with _mapped("read", self.path), log.open("rb") as file:
            for line in file:
                try:
                    entry = load(line.decode())
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield entry

    def take(self) -> int | None:
        """Take the job for this process: a handle to close, None when another one has it."""
        handle = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # pragma: no cover - Windows: one app at a time
            return handle
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    @property
    def stale(self) -> bool:
        """Whether another process has changed the job since it was read or written here."""
        return self.stamp != _stamp(self.path)

    def forget(self, index: int) -> None:
        """Remove a file: its bytes, its name, its results; the last one takes the job with it."""
        upload = self.uploads.pop(index)
        Path(upload.path).unlink(missing_ok=True)
        if not self.uploads:
            self.remove()
            return
        kept = [
            {**entry, "index": entry["index"] - (entry["index"] > index)}
            for entry in self._entries()
            if isinstance(entry.get("index"), int) and entry["index"] != index
        ]
        with _mapped("written", self.path):
            write_atomic(
                self.path / "log.jsonl", b"".join(f"{dump(one)}\n".encode() for one in kept)
            )
        self.write()

    def remove(self) -> None:
        """Remove the job with its uploads."""
        shutil.rmtree(self.path, ignore_errors=True)


class _Kept(msgspec.Struct):
    order: Order
    uploads: list[Upload]


def correct(result: BatchResult, field: str, value: Any) -> None:
    """Put a person's value into a result: certain, and said to be a person's."""
    result.data[field] = value
    page, quote, box = result.evidence.get(field, (None, None, None))[:3]
    result.evidence[field] = Evidence(page, quote, box, 1.0, CORRECTED)


def _stamp(path: Path) -> int:
    """Return what changes whenever the order is written."""
    try:
        return (path / "order.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def jobs_folder() -> Path:
    """Return where the app keeps its jobs: in the state folder."""
    return state_dir() / "pdf-app"


def folders(root: Path, *, newest_first: bool = False) -> Iterator[JobFolder]:
    """Yield every job there is, those last changed first when wanted; damaged ones are left out."""
    with contextlib.suppress(FileNotFoundError), os.scandir(root) as entries:
        found = [(entry.stat().st_mtime, entry.name) for entry in entries]
        for _, name in sorted(found, reverse=newest_first):
            with contextlib.suppress(UserError, StoreError):
                yield JobFolder.open(root, name)


def forget_uploads(what: str | None, before: float | None, root: Path | None = None) -> int:
    """Erase uploads by name, or jobs begun before a time; returns how many files that were.

    Raises `StoreError` when an app is working on one of them. A name that ends with ``/`` means
    nothing here: uploads are in no folder.
    """
    erased = 0
    for folder in folders(root or jobs_folder()):
        old = before is not None and folder.order.created < before
        named = [index for index, upload in enumerate(folder.uploads) if upload.name == what]
        if not (old or named):
            continue
        handle = folder.take()
        if handle is None:
            raise StoreError(
                "the PDF app is working on what is to be forgotten: cancel that batch, "
                "then forget again"
            )
        try:
            erased += len(folder.uploads) if old else len(named)
            if old:
                folder.remove()
            else:
                for index in reversed(named):
                    folder.forget(index)
        finally:
            os.close(handle)
    return erased


def _entry(entry: BatchResult | Change, index: int) -> dict[str, Any]:
    if isinstance(entry, Change):
        return {"index": index, "field": entry.field, "value": entry.value}
    plain = {name: getattr(entry, name) for name in BatchResult.__slots__}
    plain["evidence"] = {name: list(found) for name, found in entry.evidence.items()}
    return {"index": index, "result": plain}


def _result(plain: dict[str, Any]) -> BatchResult:
    known = {name: value for name, value in plain.items() if name in BatchResult.__slots__}
    evidence = {name: Evidence(*found) for name, found in known.pop("evidence", {}).items()}
    return replace(BatchResult(**known), evidence=evidence)


def _shown(name: str) -> str:
    """Return the last part of whatever a browser called a file, as one harmless line."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    return safe_text(last, 200) or "document.pdf"


def _unused(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    stem, dot, ending = name.rpartition(".")
    stem, dot, ending = (stem, dot, ending) if stem else (name, "", "")
    number = 2
    while f"{stem} ({number}){dot}{ending}" in taken:
        number += 1
    return f"{stem} ({number}){dot}{ending}"


@contextlib.contextmanager
def _mapped(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(
            f"{path} cannot be {verb} ({error.strerror or error}): make room, or make it writable"
        ) from error
