"""The vault: which placeholder stands for which value, and the way back."""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar, overload

from ai_catalyst.errors import UserError
from ai_catalyst.privacy.finding import Finding
from ai_catalyst.privacy.known import KnownValues
from ai_catalyst.privacy.overlap import resolved
from ai_catalyst.privacy.stream import StreamRestorer
from ai_catalyst.privacy.surrogates import StandIns, Surrogates

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

    ``ttl_s`` forgets everything that many seconds after the last use. With ``surrogates`` names,
    firms, towns, mail addresses, phone numbers and dates are replaced by stand-ins that read like
    real ones. A vault belongs to one session: it is never shared, pickled, or shown. ``counts``
    says how many findings of each kind were replaced so far, ``unknown`` how many placeholders of a
    model's answer it does not know.
    """

    def __init__(
        self,
        *,
        ttl_s: float | None = None,
        surrogates: Surrogates | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start empty."""
        self._ttl_s = ttl_s
        self._surrogates = surrogates
        self._clock = clock
        self._used = clock()
        self._lock = threading.RLock()
        self._numbers: Counter[str] = Counter()  # never starts again: no old placeholder comes back
        self._clear()

    def _clear(self) -> None:
        self._tokens: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._entities: dict[tuple[str, str], tuple[int, int]] = {}
        self._replaced: Counter[str] = Counter()
        self._known = KnownValues()
        self._stand_ins = StandIns()
        self.longest = 0
        self.unknown = 0

    def wipe(self) -> None:
        """Forget every value."""
        with self._lock:
            self._clear()

    def __len__(self) -> int:
        """Return how many values are held."""
        self._touch()
        return len(self._tokens)

    def __bool__(self) -> bool:
        """A vault is a vault, empty or not."""
        return True

    def __contains__(self, placeholder: str) -> bool:
        """Whether a placeholder is one of ours."""
        self._touch()
        return placeholder in self._values

    def __repr__(self) -> str:
        """Show how much is held, never what."""
        return f"Vault({len(self._tokens)} values)"

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

    def _add(self, kind: str, value: str, text: str = "") -> str:
        entity = (kind, value if kind == LITERAL else normalised(kind, value))
        number, spellings = self._entities.get(entity, (0, 0))
        token = self._stand_in(kind, value, text) if not number else None
        if token is None:
            if not number:
                self._numbers[kind] += 1
                number = self._numbers[kind]
            token = f"<{kind}_{number}{letters(spellings)}>"
            self._entities[entity] = (number, spellings + 1)
            self._values[token] = value
        self._tokens[kind, value] = token
        self.longest = max(self.longest, len(token))
        if kind != LITERAL:
            self._known.add(kind, value)
        return token

    def _stand_in(self, kind: str, value: str, text: str) -> str | None:
        """Return a new stand-in for a value, or None when a placeholder must do."""
        if self._surrogates is None or kind == LITERAL:
            return None
        for _ in range(20):
            token = self._surrogates.make(kind, value)
            if token is None:
                return None
            taken = token in self._stand_ins or token in text or token in value
            if not taken and not self._known.holds(token):
                self._stand_ins.add(token, value)
                return token
        return None

    def hide(self, text: str, findings: Iterable[Finding]) -> str:
        """Return the text with each finding replaced by its placeholder.

        ``findings`` are in order and do not overlap. Values that the vault knows are replaced
        wherever they stand, found this time or not; what looks like a placeholder already is
        guarded, so that restoring gives it back as it was.
        """
        with self._lock:
            self._touch()
            guarded = [*literals(text), *self._mistakable(text)]
            parts: list[str] = []
            at = 0
            for finding in self._complete(text, resolved([*guarded, *findings])):
                parts.append(text[at : finding.start])
                parts.append(self._placed(finding, text))
                self._replaced[finding.kind] += 1
                at = finding.end
            parts.append(text[at:])
            return "".join(parts)

    def _mistakable(self, text: str) -> list[Finding]:
        """Return where a text by chance holds one of our stand-ins."""
        if self._surrogates is None:
            return []
        return [
            Finding(LITERAL, start, start + len(token), token, 1.0, "stand-in")
            for start, token in self._stand_ins.places(text)
        ]

    def _placed(self, finding: Finding, text: str) -> str:
        """Return what to write for a finding; inside a word only brackets can be found again."""
        token = self._token(finding, text)
        if token not in self._stand_ins:
            return token
        inside = text[max(0, finding.start - 1) : finding.start].isalnum()
        if not inside and not text[finding.end : finding.end + 1].isalnum():
            return token
        return self._bracketed(finding)

    def _bracketed(self, finding: Finding) -> str:
        for token, value in self._values.items():
            if value == finding.text and token.startswith(f"<{finding.kind}_"):
                return token
        self._numbers[finding.kind] += 1
        token = f"<{finding.kind}_{self._numbers[finding.kind]}>"
        self._values[token] = finding.text
        self.longest = max(self.longest, len(token))
        return token

    def _token(self, finding: Finding, text: str) -> str:
        token = self._tokens.get((finding.kind, finding.text))
        return token if token is not None else self._add(finding.kind, finding.text, text)

    def _complete(self, text: str, found: list[Finding]) -> list[Finding]:
        """Add the places of known values until nothing new is known; cutting makes new ones."""
        held = -1
        while held != len(self._tokens):
            held = len(self._tokens)
            for finding in found:
                self._token(finding, text)
            found = self._known.complete(text, found)
            for finding in found:
                self._token(finding, text)
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
        return self._restored(text, str)

    def restore_json(self, text: str) -> str:
        """Restore inside JSON text: values are escaped, so that it stays JSON."""
        return self._restored(text, _json_escaped)

    def _restored(self, text: str, form: Callable[[str], str]) -> str:
        self._touch()
        if self._surrogates is None:
            if "<" not in text:
                return text
            return PLACEHOLDER.sub(lambda match: form(self._value(match)), text)
        parts: list[str] = []
        at = 0
        for match in PLACEHOLDER.finditer(text):
            parts.append(self._stand_ins.restore(text[at : match.start()], form))
            parts.append(form(self._value(match)))
            at = match.end()
        parts.append(self._stand_ins.restore(text[at:], form))
        return "".join(parts)

    def restore_value(self, value: T) -> T:
        """Restore every text in a JSON-like value: strings, lists, mappings and their keys."""
        restored: T = _walk(value, self.restore)
        return restored

    def restorer(self, *, json: bool = False) -> StreamRestorer:
        """Return an incremental restorer for one stream; ``json`` escapes as `restore_json`."""
        mark = "<" if self._surrogates is None else ""
        return StreamRestorer(self.restore_json if json else self.restore, self._tail, mark)

    def _tail(self, text: str) -> int:
        """Return where the end of a stream's text begins that may still become a placeholder."""
        at = text.rfind("<")
        waits = at >= 0 and len(text) - at < self.longest and PLACEHOLDER_HEAD.match(text, at)
        end = at if waits else len(text)
        return end if self._surrogates is None else min(end, self._stand_ins.tail(text))

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

    # In a file.

    def save(self, path: str | Path, password: str) -> None:
        """Write the values to a file that is encrypted with a password (the ``vault`` extra)."""
        from ai_catalyst.privacy.vault_file import save

        save(self, path, password)

    @classmethod
    def load(cls, path: str | Path, password: str, *, ttl_s: float | None = None) -> Vault:
        """Read what `save` wrote; raises `PrivacyError` for a wrong password or a changed file."""
        from ai_catalyst.privacy.vault_file import load

        vault = cls(ttl_s=ttl_s)
        vault._undump(load(path, password))
        return vault

    def dump(self) -> dict[str, Any]:
        """Return everything a vault holds, values included, as JSON: for an encrypted file only."""
        if self._surrogates is not None:
            raise UserError("a vault with surrogates is not kept in a file")
        with self._lock:
            return {
                "tokens": [[kind, value, token] for (kind, value), token in self._tokens.items()],
                "numbers": dict(self._numbers),
            }

    def _undump(self, state: dict[str, Any]) -> None:
        self._numbers.update(state["numbers"])
        for kind, value, token in state["tokens"]:
            match = PLACEHOLDER.fullmatch(token)
            assert match is not None
            entity = (kind, value if kind == LITERAL else normalised(kind, value))
            spellings = self._entities.get(entity, (0, 0))[1]
            self._entities[entity] = (int(match.group(2)), spellings + 1)
            self._tokens[kind, value] = token
            self._values[token] = value
            self.longest = max(self.longest, len(token))
            if kind != LITERAL:
                self._known.add(kind, value)


PLACEHOLDER_HEAD = re.compile(r"<(?:[A-Z][A-Z_]{0,30}(?:[1-9][0-9]{0,8}[a-z]{0,3})?)?\Z")


def literals(text: str) -> list[Finding]:
    """Return what looks like a reversible placeholder in a text that has not met a vault yet."""
    if "<" not in text:
        return []
    return [
        Finding(LITERAL, match.start(), match.end(), match.group(), 1.0, "placeholder")
        for match in PLACEHOLDER.finditer(text)
    ]


_NUMBERS = frozenset({"PHONE", "CREDIT_CARD", "IBAN", "SSN", "ID"})


def normalised(kind: str, value: str) -> str:
    """Return the form under which spellings of one value are the same value."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    if kind in _NUMBERS:
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
