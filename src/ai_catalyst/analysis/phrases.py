"""Key phrases: runs of content words, ranked by how often, how early and how specific they are.

Candidates as in RAKE (Rose et al., 2010): what stands between grammar words and punctuation. The
weight of a word follows YAKE (Campos et al., 2020): frequency, spread over sentences, first place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import log2

from ai_catalyst.analysis.lexicon import Lexicon, name_lists
from ai_catalyst.analysis.sentences import Sentence, Unit
from ai_catalyst.analysis.words import WORD, folder, without_addresses

__all__ = ["key_phrases"]

_Key = tuple[str, ...]
_LONGEST = 3
_HELD = 60_000  # candidates kept while counting; rare ones go first
_GAP = re.compile(r"[^\w'’\- ]")


@dataclass(slots=True)
class _Phrase:
    words: int
    first: int
    count: int = 0
    sentences: int = 0
    last: int = -1
    forms: dict[str, int] = field(default_factory=dict)

    def add(self, form: str, sentence: int) -> None:
        self.count += 1
        if sentence != self.last:
            self.sentences += 1
            self.last = sentence
        self.forms[form] = self.forms.get(form, 0) + 1


def key_phrases(
    sentences: Sequence[Sentence],
    words: Lexicon,
    title: str = "",
    *,
    count: int = 8,
    without: Collection[str] = (),
) -> list[str]:
    """Return up to `count` phrases of one to three words, the most telling first.

    Phrases made only of words that occur in `without` (names of people, say) are left out.
    """
    fold = folder(words.language)
    held = _candidates(_counted(sentences), words, fold)
    known = {fold(word.lower()) for name in without for word in WORD.findall(name)}
    held = {key: one for key, one in held.items() if not _names(key, known)}
    in_title = {fold(word.lower()) for word in WORD.findall(title)}
    for sentence in sentences:
        if sentence.unit is Unit.HEADING and len(in_title) < 200:
            in_title.update(fold(word.lower()) for word in WORD.findall(sentence.text))
    scores = {key: _score(key, one, in_title, words, len(sentences)) for key, one in held.items()}
    return _best(held, scores, count)


def _counted(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the units that tell topics; table rows and labels only when there is little else."""
    prose = [one for one in sentences if one.unit in {Unit.PROSE, Unit.ITEM, Unit.HEADING}]
    if sum(one.unit is not Unit.HEADING for one in prose) >= 3:
        return prose
    return [one for one in sentences if one.unit is not Unit.QUOTE]


def _candidates(
    sentences: Sequence[Sentence], words: Lexicon, fold: Callable[[str], str]
) -> dict[_Key, _Phrase]:
    held: dict[_Key, _Phrase] = {}
    for sentence in sentences:
        for run in _runs(without_addresses(sentence.text), words):
            _count(held, run, sentence, fold)
        if len(held) > _HELD:
            held = {key: one for key, one in held.items() if one.count > 1}
    return held


def _names(key: _Key, known: set[str]) -> bool:
    """Whether a phrase is the name of somebody, or such a name with a word beside it."""
    return known.issuperset(key) or len(known.intersection(key)) > 1


def _runs(text: str, words: Lexicon) -> Iterator[list[str]]:
    """Yield runs of content words that no grammar word and no punctuation interrupts."""
    titles = name_lists().titles
    run: list[str] = []
    end = 0
    for match in WORD.finditer(text):
        word = match.group()
        broken = run and _GAP.search(text, end, match.start())
        end = match.end()
        if broken:
            yield run
            run = []
        lower = word.lower().replace("’", "'")
        if len(word) < 2 or lower in words.stop or (len(word) < 5 and lower in titles):
            if run:
                yield run
            run = []
        else:
            run.append(word)
    if run:
        yield run


def _count(
    held: dict[_Key, _Phrase],
    run: list[str],
    sentence: Sentence,
    fold: Callable[[str], str],
) -> None:
    folded = [fold(word.lower().replace("’", "'")) for word in run]
    for length in range(1, min(_LONGEST, len(run)) + 1):
        for start in range(len(run) - length + 1):
            key = tuple(folded[start : start + length])
            phrase = held.get(key)
            if phrase is None:
                phrase = held[key] = _Phrase(length, sentence.index)
            phrase.add(" ".join(run[start : start + length]), sentence.index)


_LENGTH_BONUS = {1: 1.0, 2: 1.9, 3: 2.2}
_NOT_NOUNS = {
    "en": ("ly", "ing", "ed"),
    "fr": ("ment", "er", "ée", "és"),
    "es": ("mente", "ar", "er", "ando"),
    "it": ("mente", "are", "ere", "ando"),
    "nl": ("lijk", "en"),
    "pt": ("mente", "ar", "er", "ando"),
}


def _score(key: _Key, phrase: _Phrase, in_title: set[str], words: Lexicon, sentences: int) -> float:
    if phrase.count < 2 and sentences > 12:
        return 0.0
    form = max(phrase.forms, key=lambda form: phrase.forms[form]).lower().split(" ")
    weak = sum(word in words.weak for word in form)
    if weak == len(form):
        return 0.0
    bonus = _LENGTH_BONUS[len(key)]
    # What is met once is a phrase by accident as often as not.
    score = log2(1 + phrase.sentences) * (bonus if phrase.count > 1 else min(bonus, 1.3))
    score *= 1 + 0.5 / (1 + phrase.first / 3)
    score *= 1 + 0.5 * len(in_title.intersection(key)) / len(key)
    score *= 0.55**weak * min(1.0, 0.4 + max(map(len, form)) / 12)
    return score * _noun(phrase, form[-1], words.language)


def _noun(phrase: _Phrase, last: str, language: str) -> float:
    """How likely the phrase names something: German writes it, others show by endings."""
    capital = sum(n for form, n in phrase.forms.items() if form.split(" ")[-1][0].isupper())
    share = capital / sum(phrase.forms.values())
    if language == "de":
        return 1.0 if share > 0.5 else 0.25
    if share > 0.8:
        return 1.15
    return 0.5 if last.endswith(_NOT_NOUNS.get(language, ("\0",))) else 1.0


def _best(held: dict[_Key, _Phrase], scores: dict[_Key, float], count: int) -> list[str]:
    ranked = sorted(held, key=lambda key: (-scores[key], held[key].first, key))
    chosen: list[_Key] = []
    for key in ranked[: 60 * count]:
        if len(chosen) == count or scores[key] <= 0:
            break
        if not any(set(key) & set(other) for other in chosen):
            chosen.append(key)
    return [_shown(held[key]) for key in chosen]


def _shown(phrase: _Phrase) -> str:
    """The usual spelling; in lower case when it is ever written so (a title proves nothing)."""
    forms = sorted(phrase.forms.items(), key=lambda item: (-item[1], item[0]))
    lower = [form for form, _ in forms if form == form.lower()]
    return (lower or [form for form, _ in forms])[0]
