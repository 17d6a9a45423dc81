"""What those who judge the parts of a run share: the languages, the style, the titles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.runs import Run, Style, Word
from ai_catalyst.privacy.recognisers.wordbook import (
    ABBREVIATED,
    NEVER,
    weight,
)

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis

__all__ = ["LOWER_TITLES", "Context", "Judge", "after_title", "name_like", "place_cue"]

LOWER_TITLES = words(
    "mr mrs ms dr prof miss sir madam herr frau señor señora sr sra monsieur madame mme sig dhr mevr"
)
_LOWER_ENDS = tuple(f"{title}{stop} " for title in LOWER_TITLES for stop in ("", "."))


class Context(NamedTuple):
    """What judges of a run's parts need."""

    lexis: Lexis
    style: Style
    titles: bool
    """Whether the text holds a form of address at all."""
    judged: dict[Any, list[Spot]]
    """What runs of known words are, wherever they stand."""


Judge = Callable[[Run, int, Context], tuple[int, Spot | None]]


def after_title(run: Run, context: Context) -> bool:
    """Whether a form of address in small letters stands before a run (``ms. Muster``)."""
    if not context.titles:
        return False
    start = run.words[0].start
    return run.reading.text[max(0, start - 9) : start].endswith(_LOWER_ENDS)


def name_like(word: Word, style: Style) -> bool:
    """Whether a word may be part of a name: unknown, or known as one."""
    if word.bits & (NEVER | ABBREVIATED):
        return False
    return not word.bits & style.ordinary or weight(word.bits) >= 2


def place_cue(run: Run, at: int, context: Context) -> bool:
    """Whether a word like *near* stands right before a run."""
    return at == 0 and bool(run.before) and run.before[-1] in context.lexis.place_cues
