"""The sentences every report says in the same words: figures, methods, and what was not read."""

from __future__ import annotations

import re

from ai_catalyst.analysis.plain import safe_text
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.reports.statistics import Statistics, Tally
from ai_catalyst.analysis.schemas import EXTRACTIVE

__all__ = [
    "counted",
    "facts",
    "honest_note",
    "language_name",
    "listed",
    "listed_shared",
    "method_name",
    "personal_note",
    "shared",
]

_MAIL = re.compile(r"<[^<>]*>|\S+@\S+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]|$)")
_LANGUAGES = {
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "he": "Hebrew",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a figure with its noun: ``1 page``, ``1,200 pages``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def method_name(method: str) -> str:
    """Return how a reader is told who made an analysis."""
    return "extractive (no model)" if method == EXTRACTIVE else safe_text(method)


def language_name(code: str) -> str:
    """Return the English name of a language code, or the code when we have none."""
    return _LANGUAGES.get(code, safe_text(code))


def listed(tally: Tally, count: int) -> str:
    """Return the top of a tally as one line: ``soil (4), water (2), tides``."""
    return _joined(tally.top(count))


def listed_shared(tally: Tally, count: int) -> str:
    """Return as one line what several documents have in common, see `shared`."""
    return _joined(shared(tally, count))


def _joined(top: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} ({number:,})" if number > 1 else name for name, number in top)


def shared(tally: Tally, count: int) -> list[tuple[str, int]]:
    """Return what more than one document has in common, or the first few where nothing is."""
    top = tally.top(count)
    return [entry for entry in top if entry[1] > 1] or top


def facts(row: ReportRow) -> str:
    """Return what is known of a document itself, in one line: kind, length, language, author."""
    language = row.language or (row.analysis.language if row.analysis else "")
    known = (
        row.kind.upper(),
        counted(row.pages, "page") if row.pages > 1 else "",
        counted(row.words, "word") if row.words else "",
        language_name(language),
        _person(row.author),
        row.date[:10] if _DAY.match(row.date) else row.date,
    )
    return " · ".join(safe_text(part, 120) for part in known if part)


def _person(author: str) -> str:
    """Return the name of an author without the mail address that mails and feeds put behind it."""
    name = _MAIL.sub("", author[:500]).strip(" \"'<>,;")
    return name or author


def personal_note(row: ReportRow) -> str:
    """Return what personal data was found, by kind and number, never the data; else ``""``."""
    found = sorted(row.personal.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{safe_text(kind, 40)} ({number:,})" for kind, number in found if number)


def honest_note(statistics: Statistics) -> str:
    """Return what a reader must know about who made the analyses; never empty."""
    if not statistics.read:
        return "No document could be analysed."
    if statistics.extractive == statistics.read:
        return (
            "No language model was asked. Summaries and key points are sentences of the documents "
            "themselves, chosen by statistics; topics and names are found by simple rules and can "
            "be incomplete or wrong."
        )
    note = "Summaries, key points and topics were written by a language model and can be wrong."
    if statistics.extractive:
        share = counted(statistics.extractive, "document")
        were = "was" if statistics.extractive == 1 else "were"
        note += (
            f" {share} {were} analysed without a model (extractive): see each document's method."
        )
    return note
