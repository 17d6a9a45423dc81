"""Word lists by language and lists of names, written for this project; read when first needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

__all__ = ["LANGUAGES", "Lexicon", "NameLists", "lexicon", "name_lists"]

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language that the extractive analyst must know, in lower case.

    ``stop`` carry grammar only; ``weak`` are too common to be a topic; a sentence that starts with
    one of ``dangling`` leans on the one before it; ``abbreviations`` stand without their last dot.
    """

    language: str
    stop: frozenset[str]
    weak: frozenset[str]
    dangling: frozenset[str]
    months: tuple[str, ...]
    abbreviations: frozenset[str]


@dataclass(frozen=True, slots=True)
class NameLists:
    """Names and signal words by which mentions are told apart."""

    given: frozenset[str]
    places: frozenset[str]
    org_last: frozenset[str]
    org_first: frozenset[str]
    org_alone: frozenset[str]
    org_lead: frozenset[str]
    titles: frozenset[str]
    speech: frozenset[str]


@lru_cache(maxsize=16)
def lexicon(language: str) -> Lexicon:
    """Return the word lists of a language; one we do not know has empty lists."""
    lists = _sections(language) if language in LANGUAGES else {}
    return Lexicon(
        language=language,
        stop=frozenset(lists.get("stop", ())),
        weak=frozenset((*lists.get("weak", ()), *lists.get("months", ()))),
        dangling=frozenset(lists.get("dangling", ())),
        months=tuple(lists.get("months", ())),
        abbreviations=frozenset(lists.get("abbreviations", ())),
    )


@lru_cache(maxsize=1)
def name_lists() -> NameLists:
    """Return the lists of names, the same for every language."""
    signals = _sections("organisations")
    return NameLists(
        given=frozenset(" ".join(_lines("names")).split()),
        places=frozenset(name for line in _lines("places") for name in line.split("; ")),
        org_last=frozenset(signals["last"]),
        org_first=frozenset(signals["first"]),
        org_alone=frozenset(signals["alone"]),
        org_lead=frozenset(signals["lead"]),
        titles=frozenset(signals["titles"]),
        speech=frozenset(signals["speech"]),
    )


def _lines(name: str) -> list[str]:
    text = (files(__name__) / f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _sections(name: str) -> dict[str, list[str]]:
    pairs = (line.partition(":") for line in _lines(name))
    return {section: words.split() for section, _, words in pairs}
