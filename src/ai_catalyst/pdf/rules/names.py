"""Names of companies in a line of text: by their legal form, or by the domain they write from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_catalyst.pdf.rules.labels import compact

__all__ = ["LEGAL", "companies", "domain_stems", "postal"]

_FORMS = (
    r"GmbH\s?(?:&|und)\s?Co\.?\s?(?:KG|KGaA|OHG)|GmbH|mbH|gGmbH|UG(?:\s?\(haftungsbeschränkt\))?"
    r"|AG\s?&\s?Co\.?\s?KG|AG|KGaA|KG|OHG|e\.\s?K\.|eG|e\.\s?V\.|GbR|PartG(?:\s?mbB)?|SE"
    r"|(?:Pvt\.?|Private|Pte\.?|Pty\.?|\(Pty\)|Co\.,?)\s(?:Ltd\b\.?|Limited)|Ltd\b\.?|Limited|LLC|L\.L\.C\."
    r"|LLP|L\.P\.|Inc\b\.?|Incorporated|Corp\b\.?|Corporation|PLC|plc|Co\.|P\.C\.|PBC|CIC"
    r"|S\.?[AaÀà]\.?[Rr]\.?[Ll]\.?|SAS|S\.A\.S\.?|SASU|EURL|E\.U\.R\.L\.|SNC|SCOP|SCI|SELARL"
    r"|S\.?\s?[rR]\.?\s?[lL]\.?s?|S\.\s?p\.\s?A\.?|SpA|S\.n\.c\.|S\.a\.s\.|soc\.\s?coop\."
    r"|S\.?L\.?(?:\s?U\.?|N\.?E\.?|L\.?)?|S\.A\.U?\.?|SAU|S\.?A\.|SA|S\.?C\.?P\.?|S\.\s?Coop\."
    r"|B\.\s?V\.|BV|N\.\s?V\.|NV|V\.?O\.?F\.?|C\.V\.|BVBA|SPRL|VZW|ASBL|Unipessoal,?\s?Lda\.?"
    r"|Lda\b\.?|LDA\b\.?|Ltda\b\.?|EIRELI|[Ss]p\.?\s?z\s?o\.?\s?o\.?|[Ss]p\.\s?[jkp]\.|[Ss]p\.\s?k\."
    r"|s\.\s?r\.\s?o\.|a\.\s?s\.|spol\.\s?s\s?r\.\s?o\.|Kft\.?|Zrt\.?|Bt\.|AB|A/S|ApS|ASA|AS|Oy|Oyj"
    r"|d\.o\.o\.|OÜ|UAB|SIA|S\.R\.L\.|Sàrl|GesmbH|Ges\.m\.b\.H\.|eU|e\.U\."
)
LEGAL = re.compile(rf"(?<=[\w.,)&]\s)(?:{_FORMS})(?![\w&])")
_NAME_START = re.compile(r"[^\W_]")
_BREAKS = re.compile(r"\s[|•·–—]\s|\s-\s|[:;|•\t]|,\s(?=[A-ZÀ-Ž][a-zà-ž]+\s\d)|©|\(c\)|\d{4,}")
_LEADS = re.compile(
    r"^(?:by|von|par|por|da|door|przez|to|an|from|of|the|der|die|by:|att[n.]*|c/o|copyright|and|at)\s+",
    re.IGNORECASE,
)
_MAILERS = frozenset(
    ("gmail", "googlemail", "hotmail", "outlook", "yahoo", "gmx", "web", "icloud", "aol", "live")
) | {"protonmail", "proton", "tonline", "orange", "free", "libero", "wanadoo", "msn", "example"}
_SECOND = frozenset(("co", "com", "org", "net", "gov", "ac", "edu"))
_DOMAIN = re.compile(
    r"(?:@|www\.|https?://(?:www\.)?|(?<![\w@.]))((?:[\w-]+\.)+[a-z]{2,12})", re.IGNORECASE
)
_POSTAL = re.compile(
    r"\b(?:[A-Z]{1,3}[- ])?\d{4,5}\s+[A-ZÀ-Ž][\w.'-]+|\b[A-Z]{2},?\s+\d{5}(?:-\d{4})?\b"
    r"|\b[A-Z]{1,2}\d[\dA-Z]?\s\d[A-Z]{2}\b|\b\d{2}-\d{3}\s+[A-ZŁŚŻ]|\b\d{4}-\d{3}\s+[A-Z]"
    r"|\b\d{4}\s?[A-Z]{2}\s+[A-Z]|[A-Za-z]\s*[-–,]?\s*\d{6}\b|\b[A-Z]\d[A-Z]\s\d[A-Z]\d\b"
    r"|\b\d{3}\s\d{2}\s+[A-ZÀ-Ž]"
)
_MOST_WORDS = 7


def companies(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of names that end in a legal form (``Ltd``, ``GmbH``, ``S.r.l.``, …)."""
    past = 0
    for match in LEGAL.finditer(text):
        if match.start() < past:
            continue
        start = _name_start(text, past, match.start())
        if start is not None:
            yield start, match.end()
            past = match.end()


def _name_start(text: str, past: int, end: int) -> int | None:
    """Return where the name before a legal form begins: after the last break, with capitals."""
    head = text[past:end]
    breaks = list(_BREAKS.finditer(head))
    begin = past + (breaks[-1].end() if breaks else 0)
    double = text.rfind("  ", begin, end)
    begin = double + 2 if double >= 0 else begin
    words = list(re.finditer(r"\S+", text[begin:end]))[-_MOST_WORDS:]
    if not words:
        return None
    start = begin + _first_capital(words)
    lead = _LEADS.match(text[start:end])
    start += lead.end() if lead else 0
    name = text[start:end].strip()
    return start if _NAME_START.match(name) and sum(map(str.isalpha, name)) > 1 else None


def _first_capital(words: list[re.Match[str]]) -> int:
    """Return the start of the words that may belong: names go back over capitals and small ties."""
    ties = {"&", "and", "und", "et", "e", "y", "i", "en", "of", "de", "del", "della", "van", "the"}
    place = len(words) - 1
    while place > 0:
        word = words[place - 1][0]
        capital = word[0].isupper() or word[0].isdigit() or not word[0].isalpha()
        if not capital and word.lower() not in ties:
            break
        place -= 1
    while place < len(words) - 1 and words[place][0].lower() in ties:
        place += 1
    return words[place].start()


def domain_stems(text: str) -> Iterator[str]:
    """Yield what names a company in the mail and web addresses of a text: ``lumora``."""
    for match in _DOMAIN.finditer(text):
        parts = match[1].lower().split(".")
        if len(parts) > 2 and parts[-2] in _SECOND:
            parts = parts[:-1]
        stem = compact(parts[-2])[0] if len(parts) >= 2 else ""
        if len(stem) >= 3 and stem not in _MAILERS and stem != "www":
            yield stem


def postal(text: str) -> bool:
    """Whether a text holds a postal code with its town, as addresses do."""
    return _POSTAL.search(text) is not None
