"""Dates in words, years, and ages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Cluster, Reading

__all__ = ["ages_in_words", "dates", "durations"]

_AFTER_DAY = re.compile(
    r"(?:st|nd|rd|th|er|ère|º|ª|\.|,)?[ \n]{0,2}(?:of |de |del |di )?([^\W\d_]{3,12})\.?",
    re.IGNORECASE,
)
_YEAR_AFTER = re.compile(r",?[ \n]{1,2}(?:de |del |of )?((?:1[5-9]|20)\d\d)(?!\d)")
_MONTH_BEFORE = re.compile(r"([^\W\d_]{3,12})\.?,?[ \n]{1,2}(?:the )?\Z")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|º|ª|\.)?(?!\w)")
_TIME_AFTER = re.compile(
    r",?[ ](?:at |um |à |alle )?\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?(?!\d)"
)
_WORD_BEFORE = re.compile(r"([^\W\d_]+|[§$€£#№])[.,:]?[ \n]{1,2}[(\"“]?\Z")
_WORD_AFTER = re.compile(r"[ \n]{1,2}([^\W\d_]+)")
_RANGE = re.compile(r"(?:19|20)\d\d ?[-/] ?(?:(?:19|20)\d\d|\d\d)\Z")
_YEAR_CUES = words(
    "in since from until till of by during before after circa about around year years "
    "early late mid between and to spring summer autumn fall winter born founded "
    "established seit im jahr jahre bis en depuis année desde año anni anno nel dal dal "
    "sinds jaar el hasta"
)
_NOT_YEARS = words(
    "people persons men women soldiers copies items units dollars euros pounds metres "
    "meters feet miles km kg pages words times points hours minutes seconds days shares "
    "votes words rpm watts calories employees members students users customers volts hz "
    "mhz members steps rows"
)
_NO_YEAR_BEFORE = words(
    "no nos number nr § section article rule law act page room suite unit flat apt box "
    "model protocol version # № $ € £ eur usd gbp gate flight order nummer artikel "
    "article numéro número port"
)
_AGE_BEFORE = re.compile(
    r"(?:\b(?:aged?|turned|turning|turns|age of|age is|age:|âge|edad|età|alter|leeftijd|aged about|alter von|"
    r"i am|i'm|he is|she is|he's|she's|he was|she was|is now|was)[ ]{1,2})\Z",
    re.IGNORECASE,
)
_AGE_LAST = tuple(
    words(
        "aged age turned turning turns of is age: âge edad età alter leeftijd about von am i'm "
        "he's she's was now"
    )
)
"""What stands right before an age of them."""
_WEAK_AGE = re.compile(
    r"(?:i am|i'm|he is|she is|he's|she's|he was|she was|is now|was)[ ]{1,2}\Z", re.IGNORECASE
)
_SENTENCE_ENDS = re.compile(r"(?:[.,;!?)]|\s*\Z| (?:and|when|now|but|today)\b)")


def dates(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find dates with a month's name, years, and ages."""
    text, settled = reading.text, reading.settled
    months = bool(reading.vocabulary & lexis.months.keys())
    done = 0
    for cluster in reading.clusters:
        start, _, signature = cluster
        if start < done:
            settled.add(start)
            continue
        if len(signature) > 10 or start in settled or _glued(text, cluster):
            continue
        spot = (_date(reading, lexis, cluster) if months else None) or _age(reading, lexis, cluster)
        if spot is None and (signature == "9999" or _RANGE.match(text, start, cluster.end)):
            spot = _year(reading, cluster)
        if spot is not None:
            settled.add(start)
            done = spot.end
            yield spot


_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|two|three|four|five|six|"
    "seven|eight|nine))?"
)
_YEARS_OLD = re.compile(
    rf"(?:{_NUMBER_WORDS})[ -](?:years?|months?|weeks?)[ -](?:old|of age)\b", re.IGNORECASE
)
_AGED = re.compile(rf"age(?:d| of) (?:{_NUMBER_WORDS})(?: (?:years|months))?\b", re.IGNORECASE)


def ages_in_words(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find ``ten years old`` and ``the age of six months``."""
    text, words_ = reading.text, reading.vocabulary
    for word in words_ & {"age", "aged"}:
        for at in reading.places_of(word):
            match = _AGED.match(text, at)
            if match is not None:
                yield Spot("AGE", at, match.end(), 0.6, "age-in-words")
    for word in words_ & {"old", "age"}:
        for at in reading.places_of(word):
            for match in _YEARS_OLD.finditer(text, max(0, at - 30), at + len(word)):
                if match.end() == at + len(word):
                    yield Spot("AGE", *match.span(), 0.6, "age-in-words")


_DURATION = re.compile(
    rf"\b(?:(?:{_NUMBER_WORDS})|\d{{1,3}})[ -](?:years?|months?|weeks?|days?|hours?)(?:’|')?"
    rf"(?: and (?:{_NUMBER_WORDS}|\d{{1,3}}) (?:months?|weeks?|days?))?\b",
    re.IGNORECASE,
)
_SPANS = words("years year months month weeks week days day hours hour")


def durations(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find ``five years``: weak, because it seldom tells who somebody is."""
    said = reading.vocabulary & _SPANS
    done = 0
    for at in sorted(at for word in said for at in reading.places_of(word)):
        for match in _DURATION.finditer(reading.text, max(done, at - 24), at + 64):
            if match.end() > at:
                if match.start() < at >= done:
                    yield Spot("DATE", match.start(), match.end(), 0.32, "duration")
                    done = match.end()
                break


def _glued(text: str, cluster: Cluster) -> bool:
    return cluster.start > 0 and (
        text[cluster.start - 1].isalpha() or text[cluster.start - 1] in "_./-"
    )


def _date(reading: Reading, lexis: Lexis, cluster: Cluster) -> Spot | None:
    text, lowered = reading.text, reading.lowered
    start, end = cluster.start, cluster.end
    head = cluster.signature
    if head[0] != "9":
        return None
    day_first = (
        _AFTER_DAY.match(text, end)
        if (len(head) < 9 and head[-2:-1] != "9") or head == "99"
        else None
    )
    if day_first is not None and lowered[slice(*day_first.span(1))] in lexis.months:
        end = day_first.end()
        if text[end - 1] == "." and not _YEAR_AFTER.match(text, end):
            end -= 1
        year = _YEAR_AFTER.match(text, end)
        start = _from_day(text, start)
        return _timed(text, start, year.end() if year else end, 0.9 if year else 0.75)
    lead = text[max(0, start - 18) : start]
    near = lead.lower().split()[-2:]
    if not any(word.rstrip(".,") in lexis.months for word in near):
        return None
    month = _MONTH_BEFORE.search(lead)
    if month is None or month.group(1).lower() not in lexis.months:
        return None
    begin = start - len(month.group())
    if month.group(1).islower() and month.group(1) in (
        "may",
        "mar",
        "set",
        "mars",
        "mag",
        "dec",
        "sep",
    ):
        return None
    return _month_first(text, cluster, begin)


_JOINED = ("and", "or", "to", "und", "et", "y", "e", "en", "-", "–", "/")
_DAYS_BEFORE = re.compile(
    r"(?<![\w.,/-])\d{1,2}(?:, \d{1,2}){0,3}(?: (?:and|or|to|und|et|y|e|en) | ?[-–/] ?)\Z"
)


def _from_day(text: str, start: int) -> int:
    """Take in the other days of ``14 and 27 July 1999``."""
    if not text[max(0, start - 5) : start].rstrip().endswith(_JOINED):
        return start
    days = _DAYS_BEFORE.search(text, max(0, start - 22), start)
    return days.start() if days else start


def _month_first(text: str, cluster: Cluster, begin: int) -> Spot | None:
    """Read ``March 4``, ``March 4th, 1981``, ``May 1998``."""
    head = re.match(r"9+", cluster.signature)
    size = head.end() if head else 0
    first = text[cluster.start : cluster.start + size]
    if size == 4 and 1500 <= int(first) <= 2100:
        return Spot("DATE", begin, cluster.start + size, 0.85, "date-in-words")
    if size > 2 or not 1 <= int(first) <= 31 or len(cluster.signature) > size + 5:
        return None
    ordinal = _ORDINAL.match(text, cluster.start + size)
    end = ordinal.end() if ordinal else cluster.start + size
    if text[end - 1] == ".":
        end -= 1
    year = _YEAR_AFTER.match(text, end)
    return _timed(text, begin, year.end() if year else end, 0.9 if year else 0.7)


def _timed(text: str, start: int, end: int, score: float) -> Spot:
    time = _TIME_AFTER.match(text, end)
    return Spot("DATE", start, time.end() if time else end, score, "date-in-words")


def _year(reading: Reading, cluster: Cluster) -> Spot | None:
    text, lowered = reading.text, reading.lowered
    start, end = cluster.start, cluster.end
    if not 1800 <= int(text[start : start + 4]) <= 2049:
        return None
    after = text[end : end + 1]
    if after.isalpha() and not lowered.startswith("s", end):
        return None
    before = _WORD_BEFORE.search(lowered[max(0, start - 20) : start])
    word = before.group(1) if before else ""
    if word in _NO_YEAR_BEFORE or (start and text[start - 1] in "$€£#§&=%"):
        return None
    follow = _WORD_AFTER.match(lowered, end)
    if (follow and follow.group(1) in _NOT_YEARS) or after in ("%", "€", "$", "°"):
        return None
    if after.isalpha():
        end += 1
        if text[end : end + 1].isalpha():
            return None
    return Spot("DATE", start, end, 0.75 if word in _YEAR_CUES else 0.5, "year")


def _age(reading: Reading, lexis: Lexis, cluster: Cluster) -> Spot | None:
    text = reading.text
    start, end = cluster.start, cluster.end
    if (
        len(cluster.signature) > 3
        or cluster.signature not in ("9", "99", "999")
        or not 0 < int(text[start:end]) <= 120
    ):
        return None
    follow = reading.lowered[end : end + 16].lstrip(" -")
    word = None
    if follow.startswith(lexis.age_words):
        word = next(word for word in lexis.age_words if follow.startswith(word))
    if (
        word is not None
        and not follow[len(word) : len(word) + 1].isalpha()
        and text[start - 1 : start] != "#"
    ):
        bare = follow.startswith(
            ("jahre", "jaar", "ans", "anni", "años")
        ) and not follow.startswith(("jahre alt", "jaar oud"))
        return Spot("AGE", start, end, 0.55 if bare else 0.85, "age")
    before = reading.lowered[max(0, start - 24) : start]
    if not before.rstrip(" ").endswith(_AGE_LAST) or _AGE_BEFORE.search(before) is None:
        return None
    if _WEAK_AGE.search(before) and not _SENTENCE_ENDS.match(text, end):
        return None
    return Spot("AGE", start, end, 0.65, "age-cued")
