"""ZIP archives of strangers: what is declared is checked before anything is inflated."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["open_archive", "part_of"]

MAX_ENTRIES = 10_000
MAX_INFLATED = 1024 * 2**20
MAX_PART = 256 * 2**20
RATIO_FROM = 32 * 2**20
MAX_RATIO = 200


@contextmanager
def open_archive(blob: Blob) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose contents are sane: few enough, small enough, and not encrypted.

    Raises `FileError`. `zipfile` never inflates an entry past its declared size, so that checking
    the declared sizes bounds the real ones.
    """
    source: Any = io.BytesIO(blob.read()) if blob.data is not None or blob.gzipped else blob.open()
    with source:
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise FileError("is a broken archive, or none") from error
        with archive:
            _check(archive)
            try:
                yield archive
            except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
                raise FileError("a part of it is damaged") from error


def _check(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise FileError(f"holds {len(entries)} parts (a zip bomb?)", kind="too_large")
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileError("is encrypted and needs a password", kind="encrypted")
    inflated = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    dense = inflated > RATIO_FROM and inflated > packed * MAX_RATIO
    if dense or inflated > MAX_INFLATED:
        raise FileError("inflates to far more than it should (a zip bomb?)", kind="too_large")


def part_of(archive: zipfile.ZipFile, name: str, cap: int = MAX_PART) -> bytes | None:
    """Return one inflated part, None when it is not there; `FileError` past ``cap`` bytes."""
    try:
        entry = archive.getinfo(name)
    except KeyError:
        return None
    with archive.open(entry) as file:
        data = file.read(cap + 1)
    if len(data) > cap:
        raise FileError(f"its part {name} is larger than {cap} bytes", kind="too_large")
    return data
