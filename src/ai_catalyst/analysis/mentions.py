"""Names and dates a text mentions, told apart by simple rules that rather miss than invent.

A run of capitalised words becomes a person through a title, a known given name or a verb of
speech, an organisation through its legal form or a word like *University*, a place through a list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ai_catalyst.analysis.lexicon import LANGUAGES, NameLists, lexicon, name_lists
from ai_catalyst.analysis.schemas import ENTITY_KINDS
from ai_catalyst.analysis.sentences import Sentence, Unit

__all__ = ["find_mentions"]

_KEPT = 12
_HELD = 20_000
_NAME_PARTICLES = frozenset(
    "von van der den de del della di da do dos du la le zu ten ter al bin ibn".split()  # noqa: SIM905
)
_PARTICLES = _NAME_PARTICLES | {"of", "for", "für", "on", "vom", "zur", "des", "dei", "&"}
_OF = frozenset(("of", "for", "für", "vom", "des", "de", "del", "della", "di", "du"))
_INSIDE_OF = frozenset(("and", "und", "et", "y", "e", "en", "the", "les"))
_NOT_IN_NAMES = (_PARTICLES - _NAME_PARTICLES) | _INSIDE_OF
"""May join words only after one of `_PARTICLES`: Ministry of Labour and Social Affairs."""
_TOKEN = re.compile(r"(?:[^\W\d_]\.)+|[^\W\d_][\w]*(?:[’'\-&][^\W\d_]\w*)*\.?(?=\W|$)|&")
_GAP = re.compile(r"[ \u00a0]{1,2}")


@dataclass(frozen=True, slots=True)
class _Run:
    """Capitalised words in a row, with the words around them."""

    words: tuple[str, ...]
    before: str
    after: str
    starts: bool


def find_mentions(sentences: Sequence[Sentence], language: str) -> dict[str, list[str]]:
    """Return what is mentioned by kind (`ENTITY_KINDS`), the most frequent first, at most 12 each.

    Dates stand in the order of the text, as it writes them.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in ENTITY_KINDS}
    lists = name_lists()
    for sentence in sentences:
        for date in _dates(sentence.text):
            _add(counts["dates"], date)
        if sentence.unit is not Unit.HEADING or sentence.text != sentence.text.upper():
            for run in _capitalised(sentence.text, language):
                kind, name = _told(run, lists, language, sentence.unit)
                _add(counts[kind], name)
    return {kind: _ranked(kind, counts) for kind in ENTITY_KINDS}


def _add(counter: Counter[str], name: str) -> None:
    if name and (name in counter or len(counter) < _HELD):
        counter[name] += 1


def _ranked(kind: str, counts: dict[str, Counter[str]]) -> list[str]:
    counter = counts[kind]
    if kind == "dates":
        return list(counter)[:_KEPT]
    if kind == "other":
        known = {name for other in ("people", "organisations", "places") for name in counts[other]}
        names = [name for name, count in counter.items() if count > 1 and name not in known]
    else:
        names = list(counter)
    order = {name: place for place, name in enumerate(counter)}
    names.sort(key=lambda name: (-counter[name], order[name]))
    return _without_parts(names)[:_KEPT]


def _without_parts(names: list[str]) -> list[str]:
    """Drop names that are only a part of another name of the same kind."""
    lowered = [f" {name.lower()} " for name in names[:200]]
    return [
        name
        for name, low in zip(names[:200], lowered, strict=True)
        if not any(low in other and low != other for other in lowered)
    ]


def _capitalised(text: str, language: str) -> Iterator[_Run]:
    """Yield the runs of capitalised words of a sentence."""
    tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    place = 0
    while place < len(tokens):
        if not tokens[place][0][0].isupper():
            place += 1
            continue
        end = _run_end(tokens, place, text)
        yield from _trimmed(tokens, place, end, language)
        place = end


def _run_end(tokens: list[tuple[str, int, int]], start: int, text: str) -> int:
    """Return the index after the run that starts at `start`; particles may stand inside."""
    end = start + 1
    ahead = end
    joined = False
    while ahead < len(tokens) and _GAP.fullmatch(text, tokens[ahead - 1][2], tokens[ahead][1]):
        word = tokens[ahead][0]
        if word[0].isupper():
            if _ends_sentence(tokens[ahead - 1][0]):
                break
            end = ahead + 1
        elif word in _INSIDE_OF:
            if not joined:
                break
        elif word in _PARTICLES and ahead - end < 2:
            joined = joined or word in _OF
        else:
            break
        ahead += 1
    return end


def _ends_sentence(word: str) -> bool:
    return word.endswith(".") and len(word) > 2 and word[:-1].lower() not in name_lists().titles


def _trimmed(
    tokens: list[tuple[str, int, int]], start: int, end: int, language: str
) -> Iterator[_Run]:
    words = [token[0] for token in tokens[start:end]]
    stop = lexicon(language).stop
    first = start
    while words and words[0].lower().rstrip(".") in stop and not _initials(words[0]):
        words, first = words[1:], first + 1
    while words and not words[0][0].isupper():
        words, first = words[1:], first + 1
    words = [_bare(word) for word in words]
    if words and len(words) <= 7:
        before = tokens[first - 1][0].lower().rstrip(".") if first else ""
        after = tokens[end][0].lower() if end < len(tokens) else ""
        yield _Run(tuple(words), before, after, first == 0)


def _bare(word: str) -> str:
    for ending in ("'s", "’s"):
        word = word.removesuffix(ending)
    return word if _initials(word) else word.rstrip(".")


def _initials(word: str) -> bool:
    return word.endswith(".") and all(len(part) <= 1 for part in word.split("."))


def _told(run: _Run, lists: NameLists, language: str, unit: Unit) -> tuple[str, str]:
    """Return kind and name of a run; an empty name when it tells nothing."""
    words = run.words
    lower = words[0].lower()
    if (lower in lists.titles and len(words) > 1) or (run.before in lists.titles):
        rest = _person_words([w for w in words if w.lower() not in lists.titles])
        return "people", rest if run.before not in {"president", "minister"} or rest else ""
    joined = " ".join(words)
    if joined in lists.org_alone or _organisation(words, lists):
        return "organisations", joined
    if joined in lists.places or joined.replace("The ", "") in lists.places:
        return "places", joined
    if _person(run, lists):
        return "people", _person_words(words)
    if _speaker(run, lists, language, unit):
        return "people", _person_words(words)
    return "other", joined if len(words) > 1 and language != "de" else ""


def _organisation(words: tuple[str, ...], lists: NameLists) -> bool:
    if len(words) < 2 or any(word.lower() in lists.titles for word in words):
        return False
    if words[-1] in lists.org_last or f"{words[-1]}." in lists.org_last:
        return True
    return words[0] in lists.org_first and any(word[0].islower() for word in words[1:])


def _person(run: _Run, lists: NameLists) -> bool:
    words = [word for word in run.words if word not in _NAME_PARTICLES and not _initials(word)]
    return 2 <= len(words) <= 4 and words[0] in lists.given and not _NOT_IN_NAMES & set(run.words)


def _speaker(run: _Run, lists: NameLists, language: str, unit: Unit) -> bool:
    """Whether a verb of speech stands beside two or three words that could be a name."""
    plain = all(word.isalpha() and not word.isupper() for word in run.words)
    return (
        unit is not Unit.HEADING
        and 2 <= len(run.words) <= 3
        and plain
        and language != "de"
        and (run.after in lists.speech or run.before in lists.speech)
    )


def _person_words(words: Iterable[str]) -> str:
    return " ".join(list(words)[:5])


@lru_cache(maxsize=1)
def _date_pattern() -> re.Pattern[str]:
    names = {month for language in LANGUAGES for month in lexicon(language).months}
    month = "(?:" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")\b\.?"
    year = r"(?:1[6-9]|20)\d\d"
    forms = (
        rf"\b{year}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])\b",
        rf"\b\d{{1,2}}(?:st|nd|rd|th|\.|º|er)?\s(?:of\s|de\s)?{month}(?:,?\s(?:de\s|del\s)?{year}\b)?",
        rf"\b{month}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s?[:%])(?:,\s?{year}\b|\s{year}\b)?",
        rf"\b{month}\s(?:de\s|del\s)?{year}\b",
        rf"\b\d{{1,2}}[./]\d{{1,2}}[./](?:{year}|\d\d)\b(?![./]\d)",
        rf"\bQ[1-4]\s{year}\b",
    )
    return re.compile("|".join(forms), re.IGNORECASE)


_HAS_DIGIT = re.compile(r"\d")


def _dates(text: str) -> Iterator[str]:
    if not _HAS_DIGIT.search(text):
        return
    for match in _date_pattern().finditer(text):
        found = " ".join(match.group().split())
        if found[0].isdigit() or found[0].isupper():
            yield found.rstrip(".")
