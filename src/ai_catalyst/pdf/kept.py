"""What a journal keeps of a batch, so that no file is processed twice with the same options."""

from __future__ import annotations

import hashlib
from typing import Any

from ai_catalyst.engine import Journal, journal_key
from ai_catalyst.errors import FileError, ItemCancelled
from ai_catalyst.pdf.batch_work import Item, Work
from ai_catalyst.pdf.extracting import options_of
from ai_catalyst.pdf.repository_values import dump
from ai_catalyst.pdf.repository_values import load as load_value
from ai_catalyst.pdf.result import BatchResult, from_plain, to_plain
from ai_catalyst.pdf.source import load
from ai_catalyst.pdf.text_extractor import TextExtractor

__all__ = ["STAGE", "Keeping"]

STAGE = "pdf"
VERSION = 1
"""Raised when the same file would give another result: then what is kept is of no use."""
_HELD = 2**20
"""Larger files are read again when it is their turn; a journal looks far ahead."""


class Keeping:
    """Names each file's work by its content and the options, and packs results."""

    def __init__(self, journal: Journal, work: Work, processor: Any) -> None:
        """Look at everything that changes a result."""
        self.journal = journal
        self._work = work
        reader = getattr(processor, "text_extractor", None)
        told = (
            type(processor).__qualname__,
            options_of(work.extracting or (work.extractor, work.fields, work.method)),
            reader.options if isinstance(reader, TextExtractor) else type(reader).__qualname__,
        )
        self._options = hashlib.sha256(repr(told).encode("utf-8", "backslashreplace")).digest()

    async def key(self, item: Item) -> bytes:
        """Return the name of a file's work: its content's, or, when it cannot be read, its own."""
        if self._work.cancelled:
            raise ItemCancelled(f"{item.name}: was cancelled")
        try:
            source = await load(item.file, digest=True)
        except FileError:
            return journal_key(STAGE, VERSION, self._options, f"unread:{item.label}")
        assert source.sha256 is not None
        if source.path is not None and len(source.data or b"") > _HELD:
            source.data = None
        item.source = source
        return journal_key(STAGE, VERSION, self._options, source.sha256)

    def encode(self, result: BatchResult) -> bytes:
        """Pack a result; dates and exact amounts keep their types, unknown ones become texts."""
        return dump(to_plain(result)).encode()

    def decode(self, packed: bytes) -> BatchResult:
        """Unpack a result."""
        return from_plain(load_value(packed.decode()))
