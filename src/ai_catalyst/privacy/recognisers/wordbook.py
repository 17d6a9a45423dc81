"""What the words of a text are, each looked up once: lists, packs and how they are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.privacy.lexicon import COMMON, FOREIGN, GIVEN, PLACE, SURNAME, traits
from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.recognisers.letters import UPPER
from ai_catalyst.privacy.recognisers.places import gazetteer

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis

__all__ = [
    "ACRONYM",
    "BODY",
    "CAMEL",
    "CAPITAL",
    "COMMON",
    "DEMONYM",
    "FOREIGN",
    "GIVEN",
    "INITIAL",
    "LEAD",
    "LEGAL",
    "NEVER",
    "PLACE",
    "PLACE_HEAD",
    "PLAIN_TITLE",
    "SHOUTED",
    "SURNAME",
    "TITLE",
    "WordBook",
    "weight",
]

CAPITAL = 1 << 8
"""Begins with a capital."""
INITIAL = 1 << 9
"""Initials: ``J.``, ``A.-M.``"""
SHOUTED = 1 << 10
"""All capitals, more than one."""
ACRONYM = 1 << 11
"""All capitals and so short, or so unknown, that it is rather an abbreviation."""
CAMEL = 1 << 12
"""Capitals inside, and not as in ``McDowell``."""
TITLE = 1 << 13
PLAIN_TITLE = 1 << 14
"""A form of address that only stands before a name."""
BODY = 1 << 15
"""The head of an organisation's name."""
LEGAL = 1 << 16
"""A legal form that ends a company's name."""
DEMONYM = 1 << 17
PLACE_HEAD = 1 << 18
"""The first word of a place we know by name."""
NEVER = 1 << 19
"""Written with a capital, and never a name."""
LEAD = 1 << 20
"""An article or preposition that begins a sentence before a name."""
PARTICLE = 1 << 21
ABBREVIATED = 1 << 22
"""Ends in a full stop and is no initial."""

_PLAIN_TITLES = words(
    "mr mrs ms miss mx dr prof herr herrn frau fräulein monsieur madame mademoiselle mme "
    "mlle maître sr sra srta señor señora don doña sig signor signora dott dottor "
    "dottoressa avv dhr mevr mw mevrouw meneer sir dame lord lady"
)
_SURE_FORMS = words(
    "inc incorporated corp corporation ltd limited llc llp lp plc gmbh ag kg ohg kgaa mbh "
    "sarl sas eurl srl spa bv nv oy oyj ab asa aps sro kft zrt ltda pty pte bhd co "
    "company pllc"
)
_NEVER_NAMES = words(
    "i ok am pm tv pc id it us uk eu faq asap atm pin sms api url html pdf csv json xml "
    "sql http https www app re fw fwd ps nb ie eg etc vs aka dob ssn iban vat god jesus "
    "christ christmas easter internet english north south east west n/a tba tbd rsvp zip "
    "dna rna hiv covid mri ct er icu me apt info email e-mail c'mon fax cc bcc qr usb cpu gpu ceo cfo "
    "cto hr phd mba"
)
_LEADS = words(
    "the a an this that these those my your his her its our their in at on for from by "
    "with when while if but and or so as after before since because although however "
    "please contact dear hi hello hey der die das ein eine im am le la les un une el los "
    "il lo het een de en und et y e"
)
_ENGLISH_ENDS = tuple(
    end + plural
    for end in words(
        "tion sion ment ness ship ism ity ance ence able ible ative itive ously fully lessly ically ally ously "
        "logy graphy ward wards ational ional ments istic izing ising ized ised ation hood ular tory "
        "ful less ing edly ably ibly iously ively ated ating ified ifying uous eous ious"
    )
    for plural in ("", "s")
)
"""Ends of English words that names hardly have; a known name is not asked for its end."""
_GERMAN_ENDS = tuple(
    words(
        "ung ungen heit heiten keit keiten schaft schaften gesetz gesetze gesetzes recht rechts gericht gerichts hof "
        "ordnung antrag antrags prinzip buch urteil bescheid verfahren erlaubnis ausgleich betrag schutz amt beamter "
        "minister ministerium direktion dirigent gesetzbuch beschlüsse beschluss fonds beschwerde pflicht wesen "
        "versicherung vertrag wirtschaft balken forskriften ministeriet"
    )
)
_INNER_CAPITAL = re.compile(rf"[^\W\d_]*[a-zà-ÿ][{UPPER}]|[a-z]")
_MAC = re.compile(r"(?:Mc|Mac|De|Di|La|Le|Van|Von|Du|O'|D'|Fitz|St)[A-Z]")
_HYPHEN = re.compile("[-‑]")
_LARGEST = 65536


LAND = 1 << 23
"""A kind of place that ends its name (``Kola Peninsula``) or stands before it (``district of``)."""
OFFICE = 1 << 24
"""An office that is held of something (``Minister of Economy``)."""

LANDS = words(
    "village district county province municipality square peninsula island islands river lake mountain "
    "mountains valley sea bay coast region park forest canton prefecture governorate borough "
    "archipelago desert harbour harbor beach canal plateau reservoir hamlet parish"
)
_OFFICES = words(
    "minister secretary governor commissioner ambassador inspector mayor director chancellor prosecutor "
    "procurator attorney chief commander dean rector undersecretary treasurer comptroller"
)


def weight(bits: int) -> int:
    """Return how much a word is known as somebody's name, 0 to 3."""
    given, surname = bits & GIVEN, (bits & SURNAME) >> 2
    return max(surname, given)


class WordBook(dict[str, tuple[str, int]]):
    """Maps a word as written to its lower case and its bits; filled as words are met."""

    def __init__(self, lexis: Lexis) -> None:
        """Read words with the packs of some languages."""
        super().__init__()
        self._lexis = lexis
        self.judged: dict[Any, Any] = {}
        """What runs of known words were found to be."""

    def __missing__(self, word: str) -> tuple[str, int]:
        """Look a word up and remember it."""
        if len(self) > _LARGEST:
            self.clear()
        low = word.lower()
        entry = self[word] = (low, self._bits(word, low))
        return entry

    def _bits(self, word: str, low: str) -> int:
        lexis, names = self._lexis, gazetteer()
        bits = _listed(word)
        if not bits and len(low) > 6:
            bits = (
                COMMON
                if low.endswith(_ENGLISH_ENDS)
                else FOREIGN
                if low.endswith(_GERMAN_ENDS)
                else 0
            )
        bare = low.rstrip(".")
        bits |= _written(word, bits)
        if word.endswith(".") and not bits & INITIAL:
            bits |= ABBREVIATED
        for flag, present in (
            (TITLE, bare in lexis.titles),
            (PLAIN_TITLE, bare in _PLAIN_TITLES and bare in lexis.titles),
            (BODY, low in lexis.bodies or (low.endswith("s") and low[:-1] in lexis.bodies)),
            (LEGAL, bare in _SURE_FORMS),
            (DEMONYM, low in names.demonyms),
            (PLACE_HEAD, low in names.phrases or bare in names.phrases),
            (NEVER, self._never(low, bits)),
            (LEAD, low in _LEADS),
            (PARTICLE, low in lexis.particles),
            (LAND, low in LANDS),
            (OFFICE, low in _OFFICES),
        ):
            if present:
                bits |= flag
        return bits

    def _never(self, low: str, bits: int) -> bool:
        if low in _NEVER_NAMES or low in self._lexis.weekdays or low.endswith(("n't", "n’t")):
            return True
        return low in self._lexis.months and bool(bits & (COMMON | FOREIGN))


def _listed(word: str) -> int:
    """Return the traits of a word; a compound of ordinary words is ordinary (``E-mail``)."""
    known = traits(word)
    if known or not _HYPHEN.search(word):
        return known
    parts = [traits(part) for part in _HYPHEN.split(word)]
    if any(part & COMMON for part in parts) and all(
        part & COMMON or not weight(part) for part in parts
    ):
        return COMMON
    return max((weight(part) for part in parts if not part & COMMON), default=0)


def _written(word: str, bits: int) -> int:
    if not word[0].isupper():
        return 0
    found = CAPITAL
    letters = word.replace(".", "").replace("-", "").replace(" ", "")
    if word.endswith(".") and len(letters) <= 3 and word.isupper():
        return found | INITIAL
    if len(word) > 1 and word.isupper():
        found |= SHOUTED
        if len(word) <= 3 or (len(word) <= 5 and not weight(bits)):
            found |= ACRONYM
    elif (
        (
            _INNER_CAPITAL.match(word)
            and any(char.isupper() for char in word[1:])
            and not _MAC.match(word)
        )
        and "-" not in word
        and "'" not in word
        and "’" not in word
    ):
        found |= CAMEL
    return found
