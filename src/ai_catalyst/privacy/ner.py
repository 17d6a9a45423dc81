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
from typing import TYPE_CHECKING, Any, NamedTuple

from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.wordbook import (
    BODY,
    COMMON,
    DEMONYM,
    FOREIGN,
    GIVEN,
    INITIAL,
    LEAD,
    LEGAL,
    NEVER,
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

__all__ = ["SOFT", "Tagger", "Token", "available", "features", "tagger", "tokens"]

SOFT = frozenset(
    {"NAME", "ORGANIZATION", "PLACE", "NATIONALITY", "ADDRESS", "DATE", "AGE", "ID"}
    | {"OCCUPATION", "TRAIT", "AMOUNT", "PRIVATE"}
)
"""The kinds the model speaks of; the others have shapes and checks of their own."""
SURE = 0.78
"""From this score on a rule needs no confirmation."""
LONGEST = 160
"""Tokens read at once: a longer text is cut at line ends and full stops."""

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_|\n+")
_BITS = (
    (COMMON, "common"),
    (FOREIGN, "foreign"),
    (PLACE, "town"),
    (PLACE_HEAD, "place"),
    (DEMONYM, "demonym"),
    (TITLE, "title"),
    (BODY, "body"),
    (LEGAL, "legal"),
    (LEAD, "lead"),
    (PARTICLE, "particle"),
    (NEVER, "never"),
    (INITIAL, "initial"),
)


class Token(NamedTuple):
    """A word, number, sign or line end, and where it is."""

    text: str
    start: int
    end: int


def available() -> bool:
    """Whether the model can be used: the extra is installed and the file is there."""
    return find_spec("pycrfsuite") is not None and _file().is_file()


def _file() -> Any:
    return resources.files("ai_catalyst.privacy").joinpath("data", "names.crfsuite")


def tokens(text: str) -> list[Token]:
    """Cut a text into tokens."""
    return [Token(match.group(), *match.span()) for match in _TOKEN.finditer(text)]


def sentences(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield ``(first, last + 1)`` of stretches of tokens to read at once."""
    first = 0
    for number, token in enumerate(found):
        size = number + 1 - first
        if size >= LONGEST or (size >= LONGEST // 3 and token.text[0] in ".\n!?"):
            yield first, number + 1
            first = number + 1
    if first < len(found):
        yield first, len(found)


class _Own(dict[str, tuple[list[str], list[str], list[str]]]):
    """For each word as written: what it says of itself, and as a neighbour before and after."""

    def __init__(self, book: WordBook) -> None:
        super().__init__()
        self._book = book

    def __missing__(self, word: str) -> tuple[list[str], list[str], list[str]]:
        if len(self) > 32768:
            self.clear()
        low, bits = self._book[word]
        own = [f"w={low}", f"s={_shape(word)}"]
        around = [f"s={_shape(word)}"]
        if bits & (COMMON | FOREIGN) or not word.isalpha():
            around.append(f"w={low}")
        named = f"n={bits & GIVEN}{(bits & SURNAME) >> 2}"
        if word.isalpha():
            own += [named, f"e={low[-3:]}", f"e2={low[-2:]}"]
            around.append(named)
        for bit, name in _BITS:
            if bits & bit:
                own.append(name)
                around.append(name)
        entry = self[word] = (own, [f"-{one}" for one in around], [f"+{one}" for one in around])
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


_books: dict[int, _Own] = {}


def features(
    found: Sequence[Token], ruled: Sequence[str], own: _Own, style: Sequence[str]
) -> list[list[str]]:
    """Return what the model reads of each token; ``ruled`` is what the rules say of each."""
    known = [own[token.text] for token in found]
    last = len(found) - 1
    rows = []
    for at, mine in enumerate(known):
        row = [*mine[0], *style, ruled[at]]
        if at:
            row += known[at - 1][1]
            row.append(f"-{ruled[at - 1]}")
            row.append(f"{ruled[at - 1]}|{ruled[at]}")
        else:
            row.append("first")
        if at < last:
            row += known[at + 1][2]
            row.append(f"+{ruled[at + 1]}")
        else:
            row.append("last")
        if at > 1:
            row.append(f"--{known[at - 2][0][1]}")
            row.append(f"--{known[at - 2][0][0]}")
        if at + 1 < last:
            row.append(f"++{known[at + 2][0][1]}")
        rows.append(row)
    return rows


def ruled_by(found: Sequence[Token], spots: Iterable[Spot]) -> list[str]:
    """Return, for each token, what the rules found there and how sure they are."""
    said = ["r0"] * len(found)
    sure = [0.0] * len(found)
    starts = [token.start for token in found]
    for spot in spots:
        at = bisect_left(starts, spot.start)
        first = True
        while at < len(found) and found[at].start < spot.end:
            if spot.score > sure[at]:
                sure[at] = spot.score
                level = 0 if spot.score < 0.5 else 1 if spot.score < 0.6 else 2
                level = 3 if spot.score >= SURE else level
                said[at] = f"r{'B' if first else 'I'}{spot.kind}{level}"
            first = False
            at += 1
    return said


class Tagger:
    """The model, ready to read; shared by threads."""

    def __init__(self, path: str, lexis: Lexis) -> None:
        """Open a model file."""
        import pycrfsuite

        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(path)
        self._kinds = [label for label in self._tagger.labels() if label != "O"]
        self._lock = threading.Lock()
        self._own = _Own(WordBook(lexis))

    def refined(
        self, text: str, spots: list[Spot], threshold: float, style: Sequence[str]
    ) -> list[Spot]:
        """Return what stands when the model has read what the rules found."""
        found = tokens(text)
        if not found:
            return spots
        ruled = ruled_by(found, spots)
        spans: list[Spot] = []
        nothing: list[float] = []
        with self._lock:
            for first, last in sentences(found):
                part = found[first:last]
                rows = features(part, ruled[first:last], self._own, style)
                labels = self._tagger.tag(rows)
                doubts = [self._tagger.marginal("O", at) for at in range(last - first)]
                spans += _spans(part, self._leaning(labels, doubts), doubts)
                nothing += doubts
        return _weighed(found, spots, spans, nothing, threshold)

    def _leaning(self, labels: list[str], nothing: Sequence[float]) -> list[str]:
        """Give a token that is likelier something than not, but nothing in particular, a label."""
        for at, (label, none) in enumerate(zip(labels, nothing, strict=True)):
            if label == "O" and none < LEAN:
                before = labels[at - 1] if at else "O"
                best = max(self._kinds, key=lambda kind: self._tagger.marginal(kind, at))
                labels[at] = f"I-{before[2:]}" if before[2:] == best[2:] else best
        return labels


def _spans(
    found: Sequence[Token], labels: Sequence[str], nothing: Sequence[float]
) -> Iterator[Spot]:
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
    found: Sequence[Token], first: int, end: int, kind: str, nothing: Sequence[float]
) -> Spot | None:
    """Leave off the signs at both ends of a span, but for a bracket that closes one inside."""
    while first < end and not found[first].text[0].isalnum():
        first += 1
    inside = {token.text for token in found[first:end]}
    while end > first and not found[end - 1].text[0].isalnum():
        if found[end - 1].text == ")" and "(" in inside:
            break
        end -= 1
    if first == end or (
        kind == "NAME" and not any(token.text.isalpha() for token in found[first:end])
    ):
        return None
    sure = 1 - sum(nothing[first:end]) / (end - first)
    return Spot(kind, found[first].start, found[end - 1].end, sure, "crf")


LEAN = 0.8
"""A token the model holds to be nothing with less than this is something."""
CONFIRM = 0.95
"""How sure of nothing the model must be to overrule a rule."""
PROMOTE = 0.5
"""How unsure of nothing it must be to believe a weak one."""
LEAST = {"PRIVATE": 0.75, "TRAIT": 0.55, "OCCUPATION": 0.5, "AMOUNT": 0.55}
"""How sure the model must be of kinds that differ most from one sort of text to another."""


def _weighed(
    found: Sequence[Token],
    spots: list[Spot],
    spans: list[Spot],
    nothing: Sequence[float],
    threshold: float,
) -> list[Spot]:
    starts = [token.start for token in found]
    hard = [spot for spot in spots if spot.kind not in SOFT and spot.score >= threshold]
    kept = [
        span._replace(score=max(span.score, threshold))
        for span in spans
        if span.score >= LEAST.get(span.kind, 0.0) + threshold - 0.5
        and not any(_mostly(span, spot) for spot in hard)
    ]
    covered = bytearray(len(found))
    for span in kept:
        at = bisect_left(starts, span.start)
        while at < len(found) and found[at].start < span.end:
            covered[at] = 1
            at += 1
    for spot in spots:
        if spot.kind not in SOFT or spot.score >= SURE:
            kept.append(spot)
            continue
        first = bisect_left(starts, spot.start)
        last = bisect_left(starts, spot.end)
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
