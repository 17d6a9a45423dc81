"""One document understood: read if need be, looked through for personal data, analysed."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from ai_catalyst.analysis.analyst import Analyst
from ai_catalyst.analysis.schemas import SCHEMA_VERSION, Analysis
from ai_catalyst.analysis.similar import sketch
from ai_catalyst.documents.sources import BadSource, Unread
from ai_catalyst.engine import InFlight, SingleFlight, journal_key
from ai_catalyst.model import Document
from ai_catalyst.store import origin

if TYPE_CHECKING:
    from ai_catalyst.core import PIIProcessor

__all__ = ["STAGE", "Hears", "Read", "Source", "Understander", "Understanding", "title_of"]

STAGE = "understand"
COUNTED_CHARS = 1_000_000
"""Characters of a document in which personal data is counted; the gate itself looks at all."""
INLINE_CHARS = 20_000
REMEMBERED = 1_000
"""Analyses remembered by text: an article under two addresses is analysed once."""

Source = Document | BadSource | Unread


class Read(msgspec.Struct, frozen=True):
    """What was read of a document that was only named: kept, so that it is not read again."""

    title: str
    kind: str
    hash: str
    text: str
    pages: int = 1
    meta: Mapping[str, Any] = {}
    sketch: bytes = b""


class Understanding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a document: its analysis, and how much personal data of which kind it has.

    ``read`` is what was read, where the source only named it.
    """

    analysis: Analysis
    personal: dict[str, int] = {}
    read: Read | None = None


class Hears(Protocol):
    """Whoever is told that a document was looked through."""

    def scrubbed(self, document: Document, found: int) -> None:
        """A document was looked through; ``found`` is its number of personal items."""


class Understander:
    """Understands sources, at most ``analysing`` at once; reading them is bounded by the reader.

    No permit to analyse is held while a document is read, so that slow pages do not keep the model
    waiting, nor a slow model the pages. ``analysed`` counts the texts handed to the analyst.
    """

    def __init__(
        self,
        analyst: Analyst,
        *,
        pii: PIIProcessor | None = None,
        count_personal: bool = False,
        analysing: int | None = None,
        listener: Hears | None = None,
    ) -> None:
        """Take who analyses, and whether personal data is counted, with ``pii`` when given."""
        self._analyst = analyst
        self._pii = pii
        self._count_personal = count_personal
        self._turn: InFlight | nullcontext[None] = (
            nullcontext() if analysing is None else InFlight(analysing)
        )
        self._listener = listener
        self.analysed = 0
        self._options = hashlib.sha256(analyst.digest()).digest()
        self._flight: SingleFlight[Analysis] = SingleFlight()
        self._known: OrderedDict[str, Analysis] = OrderedDict()
        self._making: SingleFlight[PIIProcessor] = SingleFlight()

    @property
    def options(self) -> str:
        """A digest, in hex, of everything that changes results."""
        return self._options.hex()

    def key(self, source: Source) -> bytes:
        """Return the journal key of what will be understood of a source."""
        if isinstance(source, Document):
            content = source.hash
        elif isinstance(source, BadSource):
            content = f"bad:{source.uri}"
        else:
            content = f"named:{source.key}"
        return journal_key(STAGE, SCHEMA_VERSION, self._options, content)

    async def prepare(self) -> None:
        """Load what understanding will need, while something else is waited for."""
        if self._count_personal:
            await self._scrubber()

    async def understand(self, source: Source) -> Understanding:
        """Read, look through and analyse one source; raises what keeps it from that."""
        if isinstance(source, BadSource):
            raise source.error
        origin.set(source.uri)  # what is cached for it is forgotten with it
        if isinstance(source, Document):
            return await self._look(source)
        document = await source.read()
        read = await _kept(document)
        async with self._turn:
            understanding = await self._look(document, shared=True)
        return msgspec.structs.replace(understanding, read=read)

    async def _look(self, document: Document, *, shared: bool = False) -> Understanding:
        personal: dict[str, int] = {}
        if self._count_personal:
            pii = await self._scrubber()
            for finding in await pii.detect_async(document.text[:COUNTED_CHARS]):
                personal[finding.kind] = personal.get(finding.kind, 0) + 1
        if self._listener is not None:
            self._listener.scrubbed(document, sum(personal.values()))
        analyse = self._analyse_once if shared else self._analyse
        return Understanding(await analyse(document), dict(sorted(personal.items())))

    async def _analyse(self, document: Document) -> Analysis:
        self.analysed += 1
        return await self._analyst.analyse(document)

    async def _scrubber(self) -> PIIProcessor:
        """Return who counts personal data; made when first needed, and off the loop."""
        if self._pii is None:
            self._pii = await self._making.do("pii", lambda: asyncio.to_thread(_pii_processor))
        return self._pii

    async def _analyse_once(self, document: Document) -> Analysis:
        """Analyse a text once, however many addresses it has."""
        known = self._known.get(document.hash)
        if known is not None:
            return known

        async def make() -> Analysis:
            analysis = await self._analyse(document)
            self._known[document.hash] = analysis  # while the call can still be joined
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return analysis

        return await self._flight.do(document.hash, make)


def _pii_processor() -> PIIProcessor:
    from ai_catalyst.core import PIIProcessor  # its recognisers take long to load

    return PIIProcessor()


async def _kept(document: Document) -> Read:
    text = document.text
    short = len(text) <= INLINE_CHARS
    mark = sketch(text) if short else await asyncio.to_thread(sketch, text)
    return Read(
        document.title,
        document.kind,
        document.hash,
        text,
        document.pages,
        document.meta,
        mark,
    )


def title_of(source: Source, understanding: Understanding | None) -> str:
    """Return what a source is called, after it was read if that says more."""
    if understanding is not None and understanding.read is not None:
        return understanding.read.title
    return "" if isinstance(source, BadSource) else source.title
