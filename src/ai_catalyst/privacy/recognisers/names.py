"""Names of people, organisations and places, by weighted evidence.

Candidates are runs of words with a capital. What a run is, is weighed: lists (a weight, never a
verdict), titles, the words before and after, whether its words are ordinary ones, and where else in
the text they stand. Nothing here is certain, so scores stay below those of numbers with checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ai_catalyst.privacy.lexicon import COMMON, FOREIGN, GIVEN, PLACE, SURNAME, traits
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.places import gazetteer
from ai_catalyst.privacy.recognisers.words import CAP, UPPER

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["names"]

_ABBREVIATIONS = (
    "Mr|Mrs|Ms|Mx|Dr|Prof|St|Rev|Hon|Capt|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Maj|Jr|Sr|Inc|Ltd|Co|Corp|Bros|"
    "Sig|Dott|Avv|Ing|Hr|Fr|Mme|Mlle|Sra|Srta|Dra|Dhr|Mevr|Dipl|Mag|Univ|Dept"
)
_W = rf"(?:(?:{_ABBREVIATIONS})\.|[{UPPER}]\.(?:[ ]?-?[{UPPER}]\.)*|{CAP})"
_LINK = (
    r"(?:(?:of|de|da|do|dos|das|di|del|della|van|von|vom|zu|zum|zur|der|den|ter|ten|te|bin|ibn|al|el|la|le|du|des|"
    r"dem|af|av|for|and|&|y|e|und|et|en|i|at)[ ](?:(?:the|la|las|los|der|den|de|het|l')[ ])?){0,2}"
)
_RUN = re.compile(rf"(?<![\w&]){_W}(?:(?:[ ]{{1,2}}|(?<=\.)|[ ]?[&][ ]?){_LINK}(?:{_W}|(?<=[ ])(?:&|\d{{1,3}}(?=[ ](?:Inc|Ltd|LLC|GmbH|Factoring))))){{0,11}}")
_PART = re.compile(rf"(?:{_ABBREVIATIONS})\.|[{UPPER}]\.(?:-?[{UPPER}]\.)*|{CAP}|[^\W\d_]+(?:['’\-‑][^\W\d_]+)*|&")
_SENTENCE_START = re.compile(r"(?:[.!?:;]['\"”’)]?\s{1,4}|\n\s{0,8}|^\s{0,8})['\"“‘(\[*-]{0,2}\s?\Z")
_BEFORE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_AFTER = re.compile(r"[ ]([^\W\d_]+)")
_LOWER_TITLE = re.compile(r"(?<![\w])(mrs?|ms|dr|prof|miss|sir|madam|herr|frau|señora?|sra?|monsieur|madame|mme|sig|dhr|mevr)\.?[ ]\Z")
_LABEL = re.compile(r"([^\W\d_]+(?:[ _-][^\W\d_]+)?)[ ]?[:=]{1,2}>?[ \n]{0,2}[\"'“]?\Z")
_CAMEL = re.compile(rf"[^\W\d_A-Z]*[a-z][{UPPER}]")
_MAC = re.compile(r"(?:Mc|Mac|De|Di|La|Le|Van|Von|Du|O'|D'|Fitz|St)[A-Z]")

_NEVER_NAMES = frozenset(
    "i ok am pm tv pc id it us uk eu faq asap atm pin sms api url html pdf csv json xml sql http https "
    "www app re fw fwd ps nb ie eg etc vs aka dob ssn iban vat llc inc ltd gmbh god jesus christ "
    "christmas easter internet english january february march april may june july august september "
    "october november december monday tuesday wednesday thursday friday saturday sunday north south "
    "east west mr mrs ms dr prof sir madam miss n/a tba tbd rsvp zip dna rna hiv covid mri ct er icu".split()
)
_SPEECH = frozenset(
    "said says asked told wrote writes replied answered added called calls thinks thought wants wanted "
    "lives lived works worked moved born died married met visited loves likes is was has had will would "
    "went came left arrived sent reported claims claimed alleged stated testified complained spent who "
    "made took became".split()
)
_DETERMINERS = frozenset("the a an this that these those my your his her its our their der die das le la les el los il".split())


class _Word(NamedTuple):
    text: str
    low: str
    start: int
    end: int
    known: int


class _Run(NamedTuple):
    words: list[_Word]
    first: bool
    """Whether the run begins a sentence."""
    before: list[str]
    """The words before, the nearest last, lower case."""
    label: str
    after: str
    label_after: bool
    """Whether a colon follows, as after a speaker's name."""


def names(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find people, organisations, places, and who people are by nation or faith."""
    style = _Style(reading, lexis)
    spots = [spot for run in _runs(reading) for spot in _judged(run, reading, lexis, style)]
    spots += _lower_names(reading, lexis, style)
    yield from _propagated(reading, spots)


class _Style:
    """How a text is written: all capitals, none at all, or nouns with a capital."""

    __slots__ = ("english", "lower", "nouns", "ordinary", "upper")

    def __init__(self, reading: Reading, lexis: Lexis) -> None:
        text = reading.text[:4000]
        words = set(_BEFORE.findall(reading.lowered, 0, 4000))
        hits = {code: len(words & own) for code, own in lexis.languages.items()}
        best = max(hits, key=lambda code: hits[code], default="")
        sure = hits.get(best, 0) > 1
        self.english = not sure or best == "en" or hits.get("en", 0) >= hits[best]
        self.ordinary = COMMON if sure and self.english else COMMON | FOREIGN
        self.nouns = sure and not self.english and best in lexis.noun_languages
        capitals = sum(char.isupper() for char in text)
        letters = sum(char.isalpha() for char in text) or 1
        self.upper = capitals > 0.6 * letters and letters > 12
        self.lower = capitals <= 0.012 * letters


def _runs(reading: Reading) -> Iterator[_Run]:
    text, lowered = reading.text, reading.lowered
    for match in _RUN.finditer(text):
        start, end = match.span()
        words = [
            _Word(part.group(), lowered[part.start() : part.end()], *part.span(), _known(part.group()))
            for part in _PART.finditer(text, start, end)
        ]
        lead = text[max(0, start - 14) : start]
        window = max(0, start - 40)
        label = _LABEL.search(lowered[window:start])
        after = _AFTER.match(lowered, end)
        yield _Run(
            words,
            _SENTENCE_START.search(lead) is not None if start else True,
            _BEFORE.findall(lowered, window, start)[-4:],
            label.group(1) if label else "",
            after.group(1) if after else "",
            text.startswith(":", end),
        )


def _known(word: str) -> int:
    """Return the traits of a word, those of its parts when it is a compound (``E-mail``)."""
    if "-" not in word and "‑" not in word:
        return traits(word)
    whole = traits(word)
    if whole:
        return whole
    parts = [traits(part) for part in re.split("[-‑]", word)]
    ordinary = COMMON if all(part & COMMON or not part for part in parts) and any(part & COMMON for part in parts) and not any(part & (GIVEN | SURNAME) and not part & COMMON for part in parts) else 0
    named = max((max(part & GIVEN, (part & SURNAME) >> 2) for part in parts if not part & COMMON), default=0)
    return ordinary or named


def _judged(run: _Run, reading: Reading, lexis: Lexis, style: _Style) -> Iterator[Spot]:
    """Cut a run into what its parts are."""
    words = run.words
    at = 0
    while at < len(words):
        taken, spot = _first(run, at, reading, lexis, style)
        if spot is not None:
            yield spot
        at += max(1, taken)


def _first(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    """Return how many words the first part of a run takes, and what it is, if anything."""
    for judge in (_company, _titled, _long_place, _organisation, _known_place, _demonym, _person):
        taken, spot = judge(run, at, reading, lexis, style)
        if taken:
            return taken, spot
    return 1, None


def _name_like(word: _Word, style: _Style) -> bool:
    """Whether a word may be part of a name: unknown, or known as one."""
    if word.low in _NEVER_NAMES or word.text.endswith("."):
        return False
    return not word.known & style.ordinary or _weight(word) >= 2


def _weight(word: _Word) -> int:
    return max(word.known & GIVEN, (word.known & SURNAME) >> 2)


def _is_initial(word: _Word) -> bool:
    return word.text.endswith(".") and len(word.text.replace(".", "").replace("-", "").replace(" ", "")) <= 3 and word.text.isupper()


def _titled(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    words = run.words
    stop = at
    while stop < len(words) and words[stop].low.rstrip(".") in lexis.titles and not _is_initial(words[stop]):
        stop += 1
    start = words[at].start
    if stop == at:
        if at or not _LOWER_TITLE.search(reading.text[max(0, start - 12) : start]):
            return 0, None
        start -= len(_LOWER_TITLE.search(reading.text[max(0, start - 12) : start]).group())  # type: ignore[union-attr]
    title = words[at].low.rstrip(".")
    plain = title in _PLAIN_TITLES or stop == at
    end = _name_end(words, stop, lexis, style, strict=not plain)
    if end == stop:
        return 0, None
    if not plain and run.first and at == 0 and end - stop == 1 and _weight(words[stop]) == 0 and style.upper:
        return 0, None
    return end - at, Spot("NAME", start, words[end - 1].end, 0.9 if plain else 0.7, "name-title")


_PLAIN_TITLES = frozenset(
    "mr mrs ms miss mx dr prof herr herrn frau fräulein monsieur madame mademoiselle mme mlle maître sr sra srta "
    "señor señora don doña sig signor signora dott dottor dottoressa avv dhr mevr mw mevrouw meneer sir dame lord lady".split()
)


def _name_end(words: list[_Word], at: int, lexis: Lexis, style: _Style, *, strict: bool) -> int:
    """Return where the words of one person's name end that begins at ``at``."""
    end = at
    while end < len(words) and end - at < 6:
        word = words[end]
        if word.low in lexis.particles and not word.text[0].isupper():
            following = words[end + 1 :]
            if end == at and strict or not following or word.low in _NOT_IN_NAMES:
                break
            end += 1
            continue
        if word.low.rstrip(".") in lexis.legal_forms or (word.low in lexis.bodies and end > at):
            break
        if not (_is_initial(word) or _name_like(word, style) or not strict and end == at and not word.known & COMMON):
            break
        if word.low in gazetteer().demonyms and end > at:
            break
        end += 1
    while end > at and not words[end - 1].text[0].isupper():
        end -= 1
    return end


_NOT_IN_NAMES = frozenset("of and for the & at et en e y i und".split())


def _company(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    words = run.words
    end = _legal_end(words, at, lexis)
    if not end:
        return 0, None
    start = _skip_lead(words, at, end - 1)
    return end - at, Spot("ORGANIZATION", words[start].start, words[end - 1].end, 0.75, "org-legal-form")


def _organisation(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    words = run.words
    begin = _skip_lead(words, at, len(words))
    heads = [n for n in range(begin, len(words)) if _is_body(words[n], lexis)]
    if not heads:
        return 0, None
    head = _last_head(words, begin, heads)
    for n in range(begin, head):
        if not words[n].text[0].isupper() and words[n].low not in _JOINS:
            begin = n + 1
    if begin > at and begin == head and head == heads[0] and _of_phrase(words, head + 1) == head + 1:
        return 0, None
    end = _of_phrase(words, head + 1)
    if end == head + 1 and head == begin or any(words[n].low.rstrip(".") in _PLAIN_TITLES for n in range(begin, head)):
        return 0, None
    if begin > at and any(_person(run, n, reading, lexis, style)[1] for n in range(at, begin)):
        return 0, None
    proper = any(not words[n].known & style.ordinary for n in range(begin, end) if words[n].text[0].isupper())
    return end - at, Spot("ORGANIZATION", words[begin].start, words[end - 1].end, 0.65 if proper else 0.55, "org-body")


_JOINS = frozenset("and & und et y e en i".split())


def _is_body(word: _Word, lexis: Lexis) -> bool:
    return word.text[0].isupper() and (word.low in lexis.bodies or word.low.endswith("s") and word.low[:-1] in lexis.bodies)


def _legal_end(words: list[_Word], at: int, lexis: Lexis) -> int:
    """Return where a name with a legal form ends (``Loqate Inc``), or 0."""
    end = 0
    for n in range(at + 1, len(words)):
        low = words[n].low.rstrip(".")
        if low in _SURE_FORMS and words[n].text[0].isupper():
            end = n + 1
        elif end:
            break
        elif words[n].low in ("of", "at", "for"):
            return 0
    return end


_SURE_FORMS = frozenset(
    "inc incorporated corp corporation ltd limited llc llp lp plc gmbh ag kg ohg kgaa mbh sarl sas eurl srl spa bv nv "
    "oy oyj ab asa aps sro kft zrt ltda pty pte bhd co company pllc".split()
)


def _skip_lead(words: list[_Word], at: int, last: int) -> int:
    """Leave out the words of the sentence before a name that begins with a capital of its own."""
    while at < last - 1 and (words[at].low in _DETERMINERS or words[at].low in _OPENERS or not words[at].text[0].isupper()):
        at += 1
    return at


_OPENERS = frozenset("in at on for from by with when while if but and or so as after before since because although however please our contact dear hi hello".split())


def _last_head(words: list[_Word], begin: int, heads: list[int]) -> int:
    """Return the head whose modifiers stand right before it (``Istanbul Assize Court``)."""
    head = heads[0]
    for other in heads[1:]:
        if all(words[n].text[0].isupper() for n in range(head, other)):
            head = other
    return head


def _of_phrase(words: list[_Word], at: int) -> int:
    """Return where ``of Human Rights`` or ``for European Affairs`` after a head ends."""
    end = at
    while end < len(words):
        n = end
        while n < len(words) and not words[n].text[0].isupper():
            n += 1
        if n == end and end == at:
            return end
        if n >= len(words) or (n > end and words[end].low not in ("of", "for", "de", "du", "des", "della", "di", "del", "für", "van", "voor", "and", "the")):
            return end
        if n > end and words[end].low == "and" and end > at and not words[n].known & COMMON:
            return end
        end = n + 1
        while end < len(words) and words[end].text[0].isupper():
            end += 1
        if end - at > 9:
            return end
    return end


def _long_place(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    """Take places of several words first: ``Czech Republic`` is no organisation."""
    taken, spot = _known_place(run, at, reading, lexis, style)
    return (taken, spot) if taken > 1 else (0, None)


def _known_place(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    words = run.words
    names_ = gazetteer()
    for rest in names_.phrases.get(words[at].low.rstrip("."), ()) or names_.phrases.get(words[at].low, ()):
        size = 1 + len(rest)
        if tuple(word.low for word in words[at + 1 : at + size]) == rest:
            following = words[at + size] if at + size < len(words) else None
            if following is not None and following.text[0].isupper() and size == 1 and _weight(words[at]) and _name_like(following, style) and not following.known & PLACE and following.low not in names_.phrases:
                return 0, None
            if size == 1 and words[at].text.isupper() and len(words[at].text) < 3 and not _place_cue(run, at, lexis):
                if words[at].text not in ("UK", "US", "EU"):
                    return 0, None
            return size, Spot("PLACE", words[at].start, words[at + size - 1].end, 0.7, "place-list")
    return 0, None


def _demonym(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    word = run.words[at]
    if word.low in gazetteer().demonyms and word.text[0].isupper():
        return 1, Spot("NATIONALITY", word.start, word.end, 0.6, "demonym")
    return 0, None


def _person(run: _Run, at: int, reading: Reading, lexis: Lexis, style: _Style) -> tuple[int, Spot | None]:
    words = run.words
    word = words[at]
    if not word.text[0].isupper() or not _starts_name(run, at, lexis, style):
        return 0, None
    end = max(at + 1, _name_end(words, at, lexis, style, strict=False))
    chosen = words[at:end]
    score, place = _evidence(run, at, end, lexis, style)
    if score < 0.3:
        return end - at, None
    kind = "PLACE" if place else "NAME"
    return end - at, Spot(kind, chosen[0].start, chosen[-1].end, min(score, 0.9), "place-cue" if place else "name")


def _starts_name(run: _Run, at: int, lexis: Lexis, style: _Style) -> bool:
    word = run.words[at]
    low = word.low
    if low in _NEVER_NAMES or low in lexis.months and word.known & COMMON or low in lexis.weekdays:
        return False
    if low.endswith(("n't", "n’t")) or word.text.endswith(".") and not _is_initial(word):
        return False
    if low.rstrip(".") in lexis.legal_forms and word.text.isupper():
        return False
    if not word.known & style.ordinary:
        return True
    following = run.words[at + 1] if at + 1 < len(run.words) else None
    weight = _weight(word)
    if following is not None and following.text[0].isupper():
        strong = _name_like(following, style) and not following.known & style.ordinary
        return weight >= 1 and (strong or _is_initial(following) or _weight(following) >= 2 <= weight) and low not in _DETERMINERS and low not in _OPENERS
    if _cue(run, at, lexis) >= 0.2:
        return weight >= 1
    return weight >= 3 and not (at or run.first) or weight >= 2 and run.first and at == 0 and run.label_after


def _evidence(run: _Run, at: int, end: int, lexis: Lexis, style: _Style) -> tuple[float, bool]:
    words = run.words[at:end]
    given = words[0].known & GIVEN
    surname = (words[-1].known & SURNAME) >> 2
    weight = max(_weight(word) for word in words)
    score = 0.32 + 0.07 * given + (0.05 * surname if len(words) > 1 else 0.04 * weight)
    if len(words) > 1:
        score += 0.12
    if any(_is_initial(word) for word in words):
        score += 0.1
    unknown = all(not word.known & style.ordinary for word in words if word.text[0].isupper())
    first = run.first and at == 0
    if unknown:
        score += 0.18 if style.english and not style.nouns else 0.08
    if first and len(words) == 1 and not weight:
        score -= 0.0 if style.english else 0.15
    if style.nouns and not weight:
        score -= 0.2
    cue = _cue(run, at, lexis)
    score += cue
    after = run.after if end == len(run.words) else ""
    if after in _SPEECH:
        score += 0.08
    if run.label_after and first and weight:
        score += 0.1
    if all(_is_initial(word) or len(word.text) == 1 for word in words):
        score -= 0.3
    score -= _odd(words, style)
    place = _is_place(run, at, end, lexis, cue)
    if place and not cue:
        score += 0.05
    return score, place


def _odd(words: list[_Word], style: _Style) -> float:
    """Return what speaks against a name in how it is written."""
    against = 0.0
    for word in words:
        text = word.text
        if text.isupper() and len(text) > 1 and not style.upper and not _is_initial(word):
            short = len(text) <= 3 or len(text) <= 5 and not _weight(word)
            against = max(against, 0.25 if short else 0.1)
        if _CAMEL.match(text) and not _MAC.match(text):
            against = max(against, 0.15)
    return against


def _cue(run: _Run, at: int, lexis: Lexis) -> float:
    """Return what the words right before a name add."""
    if at:
        return 0.1 if run.words[at - 1].low in lexis.kin else 0.0
    if run.label:
        last = run.label.split()[-1]
        if run.label.replace(" ", "_") in lexis.name_labels or run.label in lexis.name_labels or last in lexis.name_labels:
            return 0.3
        return 0.05
    if not run.before:
        return 0.0
    last = run.before[-1]
    for befores in lexis.name_cues.get(last, ()):
        size = len(befores)
        if not size or tuple(run.before[-1 - size : -1]) == befores:
            return 0.3 if size else 0.12
    return 0.2 if last in lexis.kin else 0.0


def _is_place(run: _Run, at: int, end: int, lexis: Lexis, cue: float) -> bool:
    words = run.words[at:end]
    if at or cue >= 0.2 or not run.before:
        return False
    known_place = bool(words[0].known & PLACE)
    person = max(_weight(word) for word in words)
    if run.before[-1] in lexis.place_cues:
        return known_place or person < 3 and run.before[-1] in _IN
    return known_place and not person


_IN = frozenset(
    "in near at visit visiting visited southern northern eastern western central downtown across throughout "
    "village town city district region province municipality aus bei à en nel presso te".split()
)


def _place_cue(run: _Run, at: int, lexis: Lexis) -> bool:
    return at == 0 and bool(run.before) and run.before[-1] in lexis.place_cues


_LOWER_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LOWER_CUE = re.compile(
    r"\b(?:my name(?: is|'s)|name is|name[:=]|i am called|named|call me|follow up with|speak (?:to|with)|mrs?\.?|ms\.?|dr\.?|under)[ ]+"
    r"([^\W\d_]+(?:['’-][^\W\d_]+)*(?:[ ][^\W\d_]+(?:['’-][^\W\d_]+)*)?)"
)


def _lower_names(reading: Reading, lexis: Lexis, style: _Style) -> Iterator[Spot]:
    """Find names that were written without capitals: after a cue, or given names in such a text."""
    for match in _LOWER_CUE.finditer(reading.lowered):
        spot = _lower_cued(reading, match)
        if spot is not None:
            yield spot
    if style.lower:
        yield from _lower_listed(reading)
        yield from _lower_places(reading)
    demonyms = gazetteer().demonyms
    for word in _LOWER_DEMONYM.finditer(reading.text):
        if word.group() in demonyms and word.group() not in _AMBIGUOUS:
            yield Spot("NATIONALITY", word.start(), word.end(), 0.55, "demonym-lower")


def _lower_cued(reading: Reading, match: re.Match[str]) -> Spot | None:
    text = reading.text
    start = match.start(1)
    if not text[start].islower():
        return None
    end = start
    for word in _LOWER_NAME.finditer(text, start, match.end(1)):
        known = traits(word.group())
        if known & (COMMON | FOREIGN) and (known & GIVEN) < 2 or word.group() in _NEVER_NAMES:
            break
        end = word.end()
    return Spot("NAME", start, end, 0.55, "name-lower-cue") if end > start else None


_LOWER_DEMONYM = re.compile(r"(?<![\w-])[a-z]{2,14}(?:an|ish|ese|ian|ean|ic|ni|qi|ch|ss|nch|ttish)(?![\w-])")
_AMBIGUOUS = frozenset(
    "polish roman german catholic orthodox nordic baltic slavic indian american european asian christian african "
    "germanic celtic italiano italian".split()
)
_WORD_PLACES = frozenset("china chile turkey jersey jordan georgia chad mali niger guinea us america man".split())


def _lower_places(reading: Reading) -> Iterator[Spot]:
    names_ = gazetteer()
    for word in _LOWER_NAME.finditer(reading.text):
        if word.group() in _WORD_PLACES and not reading.text[: word.start()].endswith(("in ", "from ", "to ")):
            continue
        for rest in names_.phrases.get(word.group(), ()):
            phrase = " ".join((word.group(), *rest))
            if reading.text.startswith(phrase, word.start()):
                yield Spot("PLACE", word.start(), word.start() + len(phrase), 0.55, "place-lower")
                break


def _lower_listed(reading: Reading) -> Iterator[Spot]:
    found: list[tuple[int, int, int]] = []
    for word in _LOWER_NAME.finditer(reading.text):
        known = traits(word.group())
        if known & (COMMON | FOREIGN) or len(word.group()) < 3:
            continue
        weight = max(known & GIVEN, (known & SURNAME) >> 2)
        if found and word.start() == found[-1][1] + 1 and reading.text[found[-1][1]] == " ":
            start, _, before = found.pop()
            found.append((start, word.end(), max(before, weight) + 1 if before or weight else 0))
        else:
            found.append((word.start(), word.end(), weight if known & GIVEN else 0))
    for start, end, weight in found:
        if weight >= 2:
            yield Spot("NAME", start, end, 0.52, "name-lower")


def _propagated(reading: Reading, spots: list[Spot]) -> Iterator[Spot]:
    """Raise what stands elsewhere as a surer name: ``Yefremova`` after ``Faina D. Yefremova``."""
    sure: dict[str, tuple[str, float]] = {}
    text = reading.text
    for spot in spots:
        if spot.kind == "NAME" and spot.score >= 0.6:
            for part in _PART.findall(text, spot.start, spot.end):
                if len(part) > 2 and not traits(part) & (COMMON | FOREIGN):
                    sure[part] = (spot.kind, spot.score)
    for spot in spots:
        if spot.score < 0.6 and spot.kind in ("NAME", "PLACE"):
            parts = [part for part in _PART.findall(text, spot.start, spot.end) if len(part) > 2]
            if parts and all(part in sure for part in parts):
                yield spot._replace(kind="NAME", score=0.65, recogniser="name-again")
                continue
        yield spot
