"""A small CRF over what the rules say: it confirms, corrects and completes them.

Needs the ``ner`` extra (python-crfsuite) and the model file that is shipped with the package; how
that is made is in `ai_catalyst.privacy.train`. A model reads tokens with, for each, what it is
(lists, spelling), what the rules found there, and the same of its neighbours.
"""

from __future__ import annotations

import functools
import re
import threading
from bisect import bisect_left
from importlib import resources
from importlib.util import find_spec
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.wordbook import (
    BODY,
    COMMON,
    DEMONYM,
    FOREIGN,
    GIVEN,
    INITIAL,
    LAND,
    LEAD,
    LEGAL,
    NEVER,
    OFFICE,
    PARTICLE,
    PLACE,
    PLACE_HEAD,
    SURNAME,
    TITLE,
    WordBook,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ai_catalyst.privacy.locales import Lexis

__all__ = [
    "SOFT",
    "Own",
    "Said",
    "Tagger",
    "Tokens",
    "available",
    "features",
    "ruled_by",
    "sentences",
    "tagger",
]

SOFT = frozenset(
    {"NAME", "ORGANIZATION", "PLACE", "NATIONALITY", "ADDRESS", "DATE", "AGE", "ID"}
    | {"OCCUPATION", "TRAIT", "AMOUNT", "PRIVATE"}
)
"""The kinds the model speaks of; the others have shapes and checks of their own."""
SURE = 0.78
"""From this score on a rule needs no confirmation."""
LONGEST = 160
"""Tokens read at once: a longer text is cut at line ends and full stops."""

_NOBODY = words("i you he she it we they me him her us them my your his its our their who")
"""Words that stand for somebody and tell nothing."""
_TOKEN = re.compile(r"([^\W\d_]+|\d+|[^\w\s]|_|\n+)")
_BITS = (
    (COMMON, "c"),
    (FOREIGN, "f"),
    (PLACE, "t"),
    (PLACE_HEAD, "p"),
    (DEMONYM, "d"),
    (TITLE, "m"),
    (BODY, "b"),
    (LEGAL, "l"),
    (LEAD, "a"),
    (PARTICLE, "v"),
    (NEVER, "n"),
    (INITIAL, "i"),
    (LAND, "g"),
    (OFFICE, "o"),
)


class Tokens:
    """The words, numbers, signs and line ends of a text, and where they are."""

    __slots__ = ("ends", "starts", "texts")

    def __init__(self, text: str) -> None:
        """Cut a text."""
        parts = _TOKEN.split(text)  # what is between, a token, what is between, …
        reached = list(accumulate(map(len, parts)))
        self.texts: list[str] = parts[1::2]
        self.starts: list[int] = reached[:-1:2]
        self.ends: list[int] = reached[1::2]


def available() -> bool:
    """Whether the model can be used: the extra is installed and the file is there."""
    return find_spec("pycrfsuite") is not None and _file().is_file()


def _file() -> Any:
    return resources.files("ai_catalyst.privacy").joinpath("data", "names.crfsuite")


def sentences(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield ``(first, last + 1)`` of stretches of tokens to read at once."""
    first, count = 0, len(texts)
    while count - first > LONGEST:
        end = first + LONGEST
        for at in range(end - 1, first + LONGEST // 3, -1):
            if texts[at][0] in ".\n!?":
                end = at + 1
                break
        yield first, end
        first = end
    if first < count:
        yield first, count


class Said(NamedTuple):
    """What a word says of itself, as a neighbour before and after, and two away on either side."""

    own: tuple[bytes, ...]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]
    far_before: bytes
    far_after: bytes


class Own(dict[str, Said]):
    """What each word says, by the word as written; in bytes, as the model wants it."""

    def __init__(self, book: WordBook) -> None:
        """Read words with a book."""
        super().__init__()
        self.book = book

    def __missing__(self, word: str) -> Said:
        """Describe a word and remember it."""
        if len(self) > 32768:
            self.clear()
        low, bits = self.book[word]
        shape = _shape(word)
        lists = "".join(letter for bit, letter in _BITS if bits & bit)
        around = [f"k={shape}{bits & GIVEN}{(bits & SURNAME) >> 2}{lists}"]
        if bits & (COMMON | FOREIGN | TITLE | BODY) or not word.isalpha():
            around.append(f"w={low}")  # the model holds no other words: see train.model
        own = list(around)
        if word.isalpha():
            own += [f"n={bits & GIVEN}{(bits & SURNAME) >> 2}", f"s={shape}", f"e={low[-3:]}"]
            if lists:
                own.append(f"l={lists}")
        far = f"w={low}" if len(around) > 1 else f"s={shape}"
        entry = self[word] = Said(
            tuple(one.encode() for one in own),
            tuple(f"-{one}".encode() for one in around),
            tuple(f"+{one}".encode() for one in around),
            f"--{far}".encode(),
            f"++{far}".encode(),
        )
        return entry


def _shape(word: str) -> str:
    if word.isdigit():
        return f"d{min(len(word), 7)}"
    if not word[0].isalpha():
        return word[0] if word[0] != "\n" else "nl"
    if word.islower():
        return "x" if len(word) > 2 else f"x{len(word)}"
    if word.isupper():
        return f"X{min(len(word), 4)}"
    return "Xx" if word[1:].islower() else "XxX"


def features(texts: Sequence[str], ruled: Sequence[str], own: Own, style: str) -> list[list[bytes]]:
    """Return what the model reads of each token; ``ruled`` is what the rules say of each."""
    known = [own[text] for text in texts]
    written, ends = style.encode(), len(texts) - 1
    rows = [[*said.own, written] for said in known]
    before = ""
    for at, row in enumerate(rows):
        said = ruled[at]
        row += _marks(before, said, ruled[at + 1] if at < ends else "")
        before = said
        if at:
            row += known[at - 1].before
            if at > 1:
                row.append(known[at - 2].far_before)
        if at < ends:
            row += known[at + 1].after
            if at + 1 < ends:
                row.append(known[at + 2].far_after)
    return rows


@functools.lru_cache(maxsize=8192)
def _marks(before: str, said: str, after: str) -> tuple[bytes, ...]:
    """Return what the rules say of a token and its neighbours; ``""`` is no neighbour."""
    marks = (
        said,
        f"{before}|{said}" if before else "first",
        f"+{after}" if after else "last",
    )
    return tuple(mark.encode() for mark in marks)


def ruled_by(found: Tokens, spots: Iterable[Spot]) -> list[str]:
    """Return, for each token, what the rules found there and how sure they are."""
    starts = found.starts
    said = ["r0"] * len(starts)
    sure = [0.0] * len(starts)
    for kind, begin, stop, score, _ in spots:
        at = bisect_left(starts, begin)
        mark = f"rB{kind}{_level(score)}"
        while at < len(starts) and starts[at] < stop:
            if score > sure[at]:
                sure[at] = score
                said[at] = mark
            mark = f"rI{kind}{_level(score)}"
            at += 1
    return said


def _level(score: float) -> int:
    return 0 if score < 0.5 else 1 if score < 0.6 else 2 if score < SURE else 3


class Tagger:
    """The model, ready to read; shared by threads."""

    def __init__(self, path: str, lexis: Lexis) -> None:
        """Open a model file."""
        import pycrfsuite

        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(path)
        self._kinds = [label for label in self._tagger.labels() if label != "O"]
        self._lock = threading.Lock()
        self._own = Own(WordBook(lexis))

    def refined(self, text: str, spots: list[Spot], threshold: float, style: str) -> list[Spot]:
        """Return what stands when the model has read what the rules found."""
        if all(spot[0] not in SOFT or spot[3] >= SURE for spot in spots):
            return spots
        found = Tokens(text)
        texts = found.texts
        ruled = ruled_by(found, spots)
        labels: list[str] = []
        nothing: list[float] = []
        with self._lock:
            tag, marginal = self._tagger.tag, self._tagger.marginal
            for first, last in sentences(texts):
                if not self._in_doubt(ruled, first, last):
                    labels += ["O"] * (last - first)
                    nothing += [0.0 if said != "r0" else 1.0 for said in ruled[first:last]]
                    continue
                part = tag(features(texts[first:last], ruled[first:last], self._own, style))
                doubts = [marginal("O", at) for at in range(last - first)]
                labels += self._leaning(part, doubts)
                nothing += doubts
        return _weighed(found, spots, list(_spans(found, labels, nothing)), nothing, threshold)

    def _in_doubt(self, ruled: Sequence[str], first: int, last: int) -> bool:
        """Whether the rules found something there that the model may know better."""
        return any(said[2:-1] in SOFT and said[-1] != "3" for said in ruled[first:last])

    def _leaning(self, labels: list[str], nothing: Sequence[float]) -> list[str]:
        """Give a token that is likelier something than not, but nothing in particular, a label."""
        for at, (label, none) in enumerate(zip(labels, nothing, strict=True)):
            if label == "O" and none < LEAN:
                before = labels[at - 1] if at else "O"
                best = max(self._kinds, key=lambda kind: self._tagger.marginal(kind, at))
                labels[at] = f"I-{before[2:]}" if before[2:] == best[2:] else best
        return labels


def _spans(found: Tokens, labels: Sequence[str], nothing: Sequence[float]) -> Iterator[Spot]:
    """Yield what the labels say; the score is how sure the model is that it is something."""
    first, kind = 0, ""
    for at, label in enumerate([*labels, "O"]):
        if kind and (label == "O" or label[0] == "B" or label[2:] != kind):
            spot = _trimmed(found, first, at, kind, nothing)
            if spot is not None:
                yield spot
            kind = ""
        if label != "O" and not kind:
            kind, first = label[2:], at


def _trimmed(
    found: Tokens, first: int, end: int, kind: str, nothing: Sequence[float]
) -> Spot | None:
    """Leave off the signs at both ends of a span, but for a bracket that closes one inside."""
    texts = found.texts
    while first < end and not texts[first][0].isalnum():
        first += 1
    while end > first and not texts[end - 1][0].isalnum():
        if texts[end - 1] == ")" and "(" in texts[first:end]:
            break
        end -= 1
    if first == end or (kind == "NAME" and not any(text.isalpha() for text in texts[first:end])):
        return None
    if end - first == 1 and texts[first].lower() in _NOBODY:
        return None
    sure = 1 - sum(nothing[first:end]) / (end - first)
    return Spot(kind, found.starts[first], found.ends[end - 1], sure, "crf")


LEAN = 0.8
"""A token the model holds to be nothing with less than this is something."""
CONFIRM = 0.95
"""How sure of nothing the model must be to overrule a rule."""
PROMOTE = 0.5
"""How unsure of nothing it must be to believe a weak one."""
LEAST = {"PRIVATE": 0.75, "TRAIT": 0.55, "OCCUPATION": 0.5, "AMOUNT": 0.55}
"""How sure the model must be of kinds that differ most from one sort of text to another."""


def _weighed(
    found: Tokens,
    spots: list[Spot],
    spans: list[Spot],
    nothing: Sequence[float],
    threshold: float,
) -> list[Spot]:
    """Unite rules and model: what has a check stays, what is soft needs the model not to object."""
    starts = found.starts
    hard = [spot for spot in spots if spot.kind not in SOFT and spot.score >= threshold]
    kept = [
        span._replace(score=max(span.score, threshold))
        for span in spans
        if span.score >= LEAST.get(span.kind, 0.0) + threshold - 0.5
        and not any(_mostly(span, spot) for spot in hard)
    ]
    covered = bytearray(len(starts))
    for span in kept:
        first, last = bisect_left(starts, span.start), bisect_left(starts, span.end)
        covered[first:last] = b"\1" * (last - first)
    for spot in spots:
        if spot.kind not in SOFT or spot.score >= SURE:
            kept.append(spot)
            continue
        first, last = bisect_left(starts, spot.start), bisect_left(starts, spot.end)
        least = min(nothing[first:last], default=1.0)
        if spot.score >= threshold:
            if least <= CONFIRM and not all(covered[first:last]):
                kept.append(spot)
        elif least <= PROMOTE and not any(covered[first:last]):
            kept.append(spot._replace(score=threshold))
    return kept


def _mostly(span: Spot, other: Spot) -> bool:
    """Whether a span is, for the most part, something that has a shape and a check of its own."""
    shared = min(span.end, other.end) - max(span.start, other.start)
    return shared * 2 > span.end - span.start


@functools.lru_cache(maxsize=4)
def _opened(path: str, lexis: Lexis) -> Tagger:
    return Tagger(path, lexis)


def tagger(lexis: Lexis) -> Tagger:
    """Return the shipped model for some languages' words."""
    with resources.as_file(_file()) as path:
        return _opened(str(path), lexis)
