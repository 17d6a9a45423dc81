"""Stand-ins that read like the real thing: the same name for the same person, dates shifted alike."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

from ai_catalyst.privacy.locales.pack import listed

__all__ = ["StandIns", "Surrogates"]

_FIRST = listed(
    "Alex Robin Sam Jamie Taylor Morgan Casey Jordan Riley Avery Quinn Rowan Skyler "
    "Emerson Finley Harper Kendall Logan Marlowe Noel Parker Reese Sage Tatum Wren Ariel "
    "Blair Cameron Dakota Eden Frankie Gray Hollis Indigo"
)
_LAST = listed(
    "Ashford Barlow Caldwell Denholm Eastwick Fairley Garland Hartwell Ingram Jessop "
    "Kirkby Langdon Merrick Norwell Oakley Pembrook Quillan Radford Selwyn Thornby "
    "Underhill Varley Westcott Yardley Alden Brook Colby Dalton Elwood Farrow Gilmore "
    "Holden Ives Keaton Linwood Marsden Newby Orton Prescott Rowley Stanton Tilden Upton "
    "Vance Wells"
)
_TOWNS = listed(
    "Ashbourne Brackley Coldstream Dunmore Easterly Fenwick Glenhaven Harwood Iverton "
    "Kingsmere Larkfield Millbrook Norcross Oakhurst Pinewood Queensbury Redcliff "
    "Silverton Thornfield Westbury"
)
_FIRMS = listed(
    "Arbor Bluestone Cobalt Driftwood Evergreen Foxglove Gable Hawthorn Ironbridge "
    "Juniper Kestrel Lighthouse Marigold Northgate Oriole Palisade Quarry Riverbend "
    "Sundial Timberline"
)
_FORMS = ("Trading", "Partners", "Works", "Group", "Services")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z")
_NUMERIC = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})\Z")
_MONTHS = listed(
    "January February March April May June July August September October November December"
)
_DAY_FIRST = re.compile(r"(\d{1,2}) ([A-Za-z]+)\.? (\d{4})\Z")
_MONTH_FIRST = re.compile(r"([A-Za-z]+)\.? (\d{1,2}), (\d{4})\Z")
_YEAR = re.compile(r"(?:19|20)\d\d\Z")


class Surrogates:
    """Makes stand-ins for one session: for a kind and a value, something of that kind.

    ``days`` shifts every date by as much, so that intervals stay; None draws it. A kind without a
    stand-in (an address, a secret) gets None: its placeholder stays in brackets.
    """

    def __init__(self, *, seed: int | None = None, days: int | None = None) -> None:
        """Draw from a seed, or from the system's randomness."""
        self._draw = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311
        years = self._draw.choice([-3, -2, -1, 1, 2, 3])
        self.days = days if days is not None else years * 364 + self._draw.choice([-7, 0, 7])
        self._makers: dict[str, Callable[[str], str | None]] = {
            "NAME": self._name,
            "ORGANIZATION": lambda value: f"{self._pick(_FIRMS)} {self._pick(_FORMS)}",
            "PLACE": lambda value: self._pick(_TOWNS),
            "EMAIL": lambda value: (
                f"{self._pick(_FIRST)}.{self._pick(_LAST)}{self._number()}@example.com".lower()
            ),
            "PHONE": lambda value: (
                f"({self._draw.randint(200, 989)}) 555-01{self._draw.randint(0, 99):02d}"
            ),
            "DATE": self.shifted,
        }

    def make(self, kind: str, value: str) -> str | None:
        """Return a stand-in, another one at each call; None when there is none for the kind."""
        maker = self._makers.get(kind)
        return maker(value) if maker is not None else None

    def _pick(self, options: list[str] | tuple[str, ...]) -> str:
        return self._draw.choice(options)

    def _number(self) -> int:
        return self._draw.randint(10, 9999)

    def _name(self, value: str) -> str:
        if len(value.split()) == 1:
            return self._pick(_FIRST if self._draw.random() < 0.5 else _LAST)
        return f"{self._pick(_FIRST)} {self._pick(_LAST)}"

    def shifted(self, value: str) -> str | None:
        """Return a date moved by ``days``, written as it was; None for one that is not understood."""
        try:
            return self._shifted(value)
        except (ValueError, OverflowError):
            return None

    def _shifted(self, value: str) -> str | None:
        if iso := _ISO.match(value):
            moved = self._moved(int(iso[1]), int(iso[2]), int(iso[3]))
            return moved.isoformat()
        if found := _NUMERIC.match(value):
            first, mark, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
            if first <= 12 < second:  # the American order, for certain
                moved = self._moved(year, first, second)
                return f"{moved.month}{mark}{moved.day}{mark}{moved.year}"
            moved = self._moved(year, second, first)
            return f"{moved.day}{mark}{moved.month}{mark}{moved.year}"
        if found := _DAY_FIRST.match(value):
            moved = self._moved(int(found[3]), _month(found[2]), int(found[1]))
            return f"{moved.day} {_MONTHS[moved.month - 1]} {moved.year}"
        if found := _MONTH_FIRST.match(value):
            moved = self._moved(int(found[3]), _month(found[1]), int(found[2]))
            return f"{_MONTHS[moved.month - 1]} {moved.day}, {moved.year}"
        return str(int(value) + round(self.days / 365)) if _YEAR.match(value) else None

    def _moved(self, year: int, month: int, day: int) -> date:
        return date(year, month, day) + timedelta(days=self.days)


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, 1):
        if month.lower().startswith(name.lower()[:3]) and month.lower().startswith(name.lower()):
            return number
    raise ValueError(name)


class StandIns:
    """Which stand-in stands for which value, found again in a text as whole words."""

    def __init__(self) -> None:
        """Start empty."""
        self._values: dict[str, str] = {}
        self._by_word: dict[str, list[str]] = {}
        self.longest = 0

    def __contains__(self, token: str) -> bool:
        """Whether a text is one of the stand-ins."""
        return token in self._values

    def add(self, token: str, value: str) -> None:
        """Let a stand-in stand for a value."""
        self._values[token] = value
        first = _FIRST_WORD.search(token)
        assert first is not None
        assert first.start() in (0, 1)
        names = self._by_word.setdefault(first.group(), [])
        names.append(token)
        names.sort(key=len, reverse=True)
        self.longest = max(self.longest, len(token))

    def places(self, text: str) -> list[tuple[int, str]]:
        """Return where stand-ins stand, in order, none inside another."""
        found: list[tuple[int, str]] = []
        reach = 0
        for word in _FIRST_WORD.finditer(text):
            for token in self._by_word.get(word.group(), ()):
                start = word.start() - (not token[0].isalnum())
                if start >= reach and text.startswith(token, start) and _alone(text, start, token):
                    found.append((start, token))
                    reach = start + len(token)
                    break
        return found

    def restore(self, text: str, value: Callable[[str], str]) -> str:
        """Return a text with every stand-in replaced by ``value`` of what it stands for."""
        parts: list[str] = []
        at = 0
        for start, token in self.places(text):
            parts += (text[at:start], value(self._values[token]))
            at = start + len(token)
        return "".join([*parts, text[at:]])

    def tail(self, text: str) -> int:
        """Return where the end of a stream's text begins that may still become a stand-in."""
        low = max(0, len(text) - self.longest)
        for at in range(low, len(text)):
            if at and text[at].isalnum() and text[at - 1].isalnum():
                continue
            rest = text[at:]
            if any(token.startswith(rest) for token in self._values):
                return at
        return len(text)


_FIRST_WORD = re.compile(r"[^\W_]+")


def _alone(text: str, start: int, token: str) -> bool:
    end = start + len(token)
    before = start > 0 and text[start - 1].isalnum() and token[0].isalnum()
    return not before and not (text[end : end + 1].isalnum() and token[-1].isalnum())
