"""The vault: which placeholder stands for which value, and the way back."""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, NoReturn, TypeVar, overload

from ai_catalyst.privacy.finding import Finding
from ai_catalyst.privacy.known import KnownValues
from ai_catalyst.privacy.overlap import resolved
from ai_catalyst.privacy.stream import StreamRestorer

__all__ = ["LITERAL", "PLACEHOLDER", "Vault", "literals"]

T = TypeVar("T")

PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]{0,30})_([1-9][0-9]{0,8})([a-z]{0,3})>")
"""A reversible placeholder: kind, number of the value, letters of a second spelling of it."""

LITERAL = "LITERAL"
"""The kind of a text that only looked like a placeholder before we put any in."""


class Vault:
    """Holds the values of one session, so that its placeholders can be turned back.

    Equal values of one kind get the same placeholder for as long as the vault lives; spellings of
    the same value (``JANE@example.com``, ``jane@example.com``) share the number and differ in a
    letter: ``<EMAIL_1>``, ``<EMAIL_1b>``. So what is restored is what was written, to the letter.

    ``ttl_s`` forgets everything that many seconds after the last use. A vault belongs to one
    session: it is never shared, pickled, or shown. ``counts`` says how many findings of each kind
    were replaced so far, ``unknown`` how many placeholders of a model's answer it does not know.
    """

    def __init__(
        self, *, ttl_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start empty."""
        self._ttl_s = ttl_s
        self._clock = clock
        self._used = clock()
        self._lock = threading.RLock()
        self._clear()

    def _clear(self) -> None:
        self._tokens: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._entities: dict[tuple[str, str], tuple[int, int]] = {}
        self._numbers: Counter[str] = Counter()
        self._replaced: Counter[str] = Counter()
        self._known = KnownValues()
        self.longest = 0
        self.unknown = 0

    def wipe(self) -> None:
        """Forget every value."""
        with self._lock:
            self._clear()

    def __len__(self) -> int:
        """Return how many values are held."""
        self._touch()
        return len(self._values)

    def __bool__(self) -> bool:
        """A vault is a vault, empty or not."""
        return True

    def __contains__(self, placeholder: str) -> bool:
        """Whether a placeholder is one of ours."""
        self._touch()
        return placeholder in self._values

    def __repr__(self) -> str:
        """Show how much is held, never what."""
        return f"Vault({len(self._values)} values)"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: values stay in their session."""
        raise TypeError("a Vault stays in its session; it is not pickled or copied")

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each kind were replaced so far."""
        with self._lock:
            return {kind: n for kind, n in sorted(self._replaced.items()) if kind != LITERAL}

    def _touch(self) -> None:
        now = self._clock()
        if self._ttl_s is not None and now - self._used > self._ttl_s:
            self.wipe()
        self._used = now

    def placeholder(self, kind: str, value: str) -> str:
        """Return the placeholder of a value, a new one when it was never seen."""
        with self._lock:
            self._touch()
            token = self._tokens.get((kind, value))
            return token if token is not None else self._add(kind, value)

    def _add(self, kind: str, value: str) -> str:
        entity = (kind, value if kind == LITERAL else normalised(kind, value))
        number, spellings = self._entities.get(entity, (0, 0))
        if not number:
            self._numbers[kind] += 1
            number = self._numbers[kind]
        self._entities[entity] = (number, spellings + 1)
        token = f"<{kind}_{number}{letters(spellings)}>"
        self._tokens[kind, value] = token
        self._values[token] = value
        self.longest = max(self.longest, len(token))
        if kind != LITERAL:
            self._known.add(kind, value)
        return token

    def hide(self, text: str, findings: Iterable[Finding]) -> str:
        """Return the text with each finding replaced by its placeholder.

        ``findings`` are in order and do not overlap. Values that the vault knows are replaced
        wherever they stand, found this time or not; what looks like a placeholder already is
        guarded, so that restoring gives it back as it was.
        """
        with self._lock:
            self._touch()
            parts: list[str] = []
            at = 0
            for finding in self._complete(text, resolved([*literals(text), *findings])):
                parts.append(text[at : finding.start])
                parts.append(self.placeholder(finding.kind, finding.text))
                self._replaced[finding.kind] += 1
                at = finding.end
            parts.append(text[at:])
            return "".join(parts)

    def _complete(self, text: str, found: list[Finding]) -> list[Finding]:
        """Add the places of known values until nothing new is known; cutting makes new ones."""
        held = -1
        while held != len(self._values):
            held = len(self._values)
            for finding in found:
                self.placeholder(finding.kind, finding.text)
            found = self._known.complete(text, found)
            for finding in found:
                self.placeholder(finding.kind, finding.text)
        return found

    def _value(self, match: re.Match[str]) -> str:
        token = match.group()
        value = self._values.get(token)
        if value is None:
            self.unknown += 1
            return token
        return value

    def restore(self, text: str) -> str:
        """Return the text with our placeholders turned back; others stay and are counted."""
        self._touch()
        return PLACEHOLDER.sub(self._value, text) if "<" in text else text

    def restore_json(self, text: str) -> str:
        """Restore inside JSON text: values are escaped, so that it stays JSON."""
        self._touch()
        return PLACEHOLDER.sub(lambda match: _json_escaped(self._value(match)), text)

    def restore_value(self, value: T) -> T:
        """Restore every text in a JSON-like value: strings, lists, mappings and their keys."""
        restored: T = _walk(value, self.restore)
        return restored

    def restorer(self, *, json: bool = False) -> StreamRestorer:
        """Return an incremental restorer for one stream; ``json`` escapes as `restore_json`."""
        return StreamRestorer(
            self.restore_json if json else self.restore, lambda: self.longest, PLACEHOLDER_HEAD
        )

    @overload
    def restore_stream(self, pieces: AsyncIterable[str]) -> AsyncIterator[str]: ...
    @overload
    def restore_stream(self, pieces: Iterable[str]) -> Iterator[str]: ...
    def restore_stream(
        self, pieces: Iterable[str] | AsyncIterable[str]
    ) -> Iterator[str] | AsyncIterator[str]:
        """Restore a stream piece by piece, however placeholders are cut; plain or async as given.

        Only a tail that may still become one of our placeholders is held back.
        """
        restorer = self.restorer()
        if isinstance(pieces, AsyncIterable):
            return restorer.over_async(pieces)
        return restorer.over(pieces)


PLACEHOLDER_HEAD = re.compile(r"<(?:[A-Z][A-Z_]{0,30}(?:[1-9][0-9]{0,8}[a-z]{0,3})?)?\Z")


def literals(text: str) -> list[Finding]:
    """Return what looks like a reversible placeholder in a text that has not met a vault yet."""
    if "<" not in text:
        return []
    return [
        Finding(LITERAL, match.start(), match.end(), match.group(), 1.0, "placeholder")
        for match in PLACEHOLDER.finditer(text)
    ]


def normalised(kind: str, value: str) -> str:
    """Return the form under which spellings of one value are the same value."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    if any(char.isdigit() for char in folded) and kind not in {"URL", "SECRET", "ADDRESS"}:
        return "".join(char for char in folded if char.isalnum()) or folded
    return " ".join(folded.split())


def letters(number: int) -> str:
    """Return ``""``, ``"b"``, ``"c"`` … for the first, second, third spelling."""
    if number == 0:
        return ""
    out = ""
    while number:
        number, rest = divmod(number, 26)
        out = chr(ord("a") + rest) + out
    return out


def _json_escaped(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)[1:-1]


def _walk(value: Any, restore: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return restore(value)
    if isinstance(value, dict):
        return {_walk(key, restore): _walk(item, restore) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, restore) for item in value]
    if isinstance(value, tuple):
        return tuple(_walk(item, restore) for item in value)
    return value
