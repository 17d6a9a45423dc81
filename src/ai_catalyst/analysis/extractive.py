"""The analyst that needs no model: it chooses sentences, it never writes any."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from ai_catalyst.analysis.mentions import find_mentions
from ai_catalyst.analysis.phrases import key_phrases
from ai_catalyst.analysis.plain import clip, plain_text, safe_text
from ai_catalyst.analysis.ranking import Ranked, coverage, is_figure, rank, select
from ai_catalyst.analysis.schemas import EXTRACTIVE, SCHEMA_VERSION, Analysis
from ai_catalyst.analysis.sentences import Sentence, Unit, split_sentences
from ai_catalyst.analysis.tables import Table, describe, read_table
from ai_catalyst.analysis.words import count_words, detect_language, lexicon_of
from ai_catalyst.engine.workers import shared_pool

if TYPE_CHECKING:
    from ai_catalyst.model import Document

__all__ = ["ExtractiveAnalyst", "extract"]

RULES_VERSION = 1
"""Raised when the rules change what is found; part of the digest."""

_TIMEOUT_S = 300.0  # a million characters take a few seconds; more is a fault of ours
_INLINE_CHARS = 4_000  # below this the work takes less than a few ms: no hop is worth it
_FIRST_TEXT = "The farm was sold to Ada Example on 2 May 2026."
_READ_CHARS = 1_000_000
_SUMMARY_CHARS = 700
_POINT_CHARS = 400


class ExtractiveAnalyst:
    """Reads documents without a model: ranked sentences, key phrases, names found by rules.

    Deterministic, and honest about itself: ``method`` of what it yields is ``"extractive"``. Long
    texts are read in a worker process, so that the loop never waits; beyond a million characters
    an even sample is read and the result is ``partial``.
    """

    name = EXTRACTIVE

    def __init__(self) -> None:
        """Read nothing yet; the word lists come with the first document, off the loop."""
        self._ready = False

    def digest(self) -> bytes:
        """Return a digest of everything but the document that decides the result."""
        return hashlib.sha256(f"{EXTRACTIVE}:{SCHEMA_VERSION}:{RULES_VERSION}".encode()).digest()

    async def analyse(self, document: Document) -> Analysis:
        """Read one document; an empty text gives an empty analysis."""
        hint = str(document.meta.get("language") or "")
        if len(document.text) <= _INLINE_CHARS:
            if not self._ready:
                await asyncio.to_thread(extract, _FIRST_TEXT)
                self._ready = True
            return extract(document.text, document.title, hint)
        text = document.text
        return await shared_pool().run(extract, text, document.title, hint, timeout=_TIMEOUT_S)


def extract(text: str, title: str = "", hint: str = "") -> Analysis:
    """Analyse a text by rules alone; `hint` is a language code for when the text does not tell."""
    sample, partial = _sample(text)
    sample = plain_text(sample)
    words = count_words(sample if not partial else text)
    language = detect_language(sample, hint)
    table = read_table(sample)
    if table is not None:
        return _of_table(table, language, words)
    title = " ".join(plain_text(title[:500]).split())
    lexicon = lexicon_of(sample, language)
    sentences = _without_title(split_sentences(sample, lexicon), title)
    if not sentences:
        shown = safe_text(sample[:_SUMMARY_CHARS], _SUMMARY_CHARS) if words else ""
        return Analysis(summary=shown, language=language, words=words, partial=partial)
    ranked, weights = rank(sentences, lexicon, title)
    summary, points = _chosen(ranked)
    if not summary:  # nothing reads like a sentence: show how the text begins
        summary = [Ranked(sentences[0], frozenset(), 0.0)]
    entities = find_mentions(sentences, lexicon)
    return Analysis(
        summary=" ".join(_shown(one, _SUMMARY_CHARS) for one in summary),
        key_points=[_shown(one, _POINT_CHARS) for one in points],
        topics=key_phrases(sentences, lexicon, title, count=6, without=entities["people"]),
        entities=entities,
        confidence=round(min(1.0, coverage([*summary, *points], weights)), 2),
        language=language,
        words=words,
        partial=partial,
    )


def _of_table(table: Table, language: str, words: int) -> Analysis:
    summary, points, topics = describe(table)
    return Analysis(
        summary=summary,
        key_points=points,
        topics=topics,
        confidence=round(len(table.rows) / table.total, 2),
        language=language,
        words=words,
        partial=len(table.rows) < table.total,
    )


def _sample(text: str) -> tuple[str, bool]:
    """Return the text, or ten even pieces of one too long to read, and whether it was cut."""
    if len(text) <= _READ_CHARS:
        return text, False
    piece, stride = _READ_CHARS // 10, len(text) // 10
    return "\n\n".join(text[n * stride : n * stride + piece] for n in range(10)), True


def _without_title(sentences: list[Sentence], title: str) -> list[Sentence]:
    """Drop the lines that only repeat the title, with or without the name of the site."""
    low = title.lower()
    if len(low) < 8:
        return sentences
    return [one for one in sentences if not (one.index < 4 and low.startswith(one.text.lower()))]


def _chosen(ranked: list[Ranked]) -> tuple[list[Ranked], list[Ranked]]:
    """Return the sentences of the summary and of the key points, in order of the text."""
    prose = [one for one in ranked if one.sentence.unit in {Unit.PROSE, Unit.ITEM}]
    summary = select(prose, 2 if len(prose) < 10 else 3, chars=_SUMMARY_CHARS)
    if not summary:
        summary = select(ranked, 1)
    if len(prose) < 4:  # an invoice, a form, a table: its lines say more than its few sentences
        figures = [one for one in ranked if is_figure(one.sentence)][:4]
        points = [*figures, *select(ranked, 6 - len(figures), chosen=[*summary, *figures])]
    else:
        points = select(prose, max(2, min(6, len(prose) // 4)), chosen=summary)
    return _in_order(summary), _in_order(points)


def _shown(one: Ranked, limit: int) -> str:
    """Return a sentence as it is; one that followed a greeting begins with a capital."""
    text = clip(one.sentence.text, limit)
    return text[0].upper() + text[1:] if text[:8].split(" ")[0].isalpha() else text


def _in_order(chosen: list[Ranked]) -> list[Ranked]:
    return sorted(chosen, key=lambda one: one.sentence.index)
