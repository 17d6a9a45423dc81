"""`PDFValidator`: whether bytes are a PDF that can be read, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.parsing import named
from ai_catalyst.documents.readers.pdf_file import open_pdf
from ai_catalyst.engine.bridge import run_sync
from ai_catalyst.engine.workers import shared_pool
from ai_catalyst.errors import (
    FileError,
    FileTimeout,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from ai_catalyst.pdf.source import MAX_BYTES, load

__all__ = ["PDFValidator", "Validated"]

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Validated:
    """What is known of a PDF that can be opened: how many pages, and whether it is encrypted."""

    pages: int
    encrypted: bool = False


class PDFValidator:
    """Opens PDFs in a worker process, to say what is wrong with them."""

    @staticmethod
    async def validate_async(file_bytes: bytes, passwords: Sequence[str] = ()) -> Validated:
        """Return what is known of a PDF.

        Raises `FileError`, whose ``kind`` says why: ``empty``, ``unsupported`` (not a PDF),
        ``malformed``, ``encrypted`` (none of the ``passwords`` opens it), ``too_large``,
        ``timeout``, ``crashed`` or ``out_of_memory``.
        """
        source = await load(("the file", file_bytes), max_bytes=MAX_BYTES)
        try:
            answer = await shared_pool().run(
                opened, source.blob, tuple(passwords), timeout=TIMEOUT_S
            )
        except WorkerTimeout as error:
            raise FileTimeout(
                f"the file took longer than {TIMEOUT_S:g} s to open", kind="timeout"
            ) from error
        except WorkerError as error:
            kind = "out_of_memory" if isinstance(error, WorkerOutOfMemory) else "crashed"
            raise FileError("the file crashed the process that opened it", kind=kind) from error
        if isinstance(answer, FileError):
            raise answer
        return answer

    @staticmethod
    def validate(file_bytes: bytes, passwords: Sequence[str] = ()) -> Validated:
        """Sync twin of `validate_async`."""
        return run_sync(PDFValidator.validate_async(file_bytes, passwords))


def opened(blob: Blob, passwords: tuple[str, ...]) -> Validated | FileError:
    """Open a PDF, in a worker."""
    try:
        with open_pdf(blob, passwords=passwords) as file:
            from pypdfium2 import raw

            encrypted = raw.FPDF_GetSecurityHandlerRevision(file.pdf.raw) >= 0
            return Validated(file.count, encrypted)
    except FileError as error:
        return named(error, blob.name)
