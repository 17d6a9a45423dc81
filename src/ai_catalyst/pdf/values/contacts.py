"""Mail addresses, telephone numbers, web addresses, and yes or no."""

from __future__ import annotations

import re
import unicodedata

from ai_catalyst.pdf.values.hit import Hit, Locale

__all__ = ["booleans", "emails", "phones", "urls"]

_EMAIL = re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}(?!\w)")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:\+|00)?\(?\d{1,4}\)?(?:[ \u00a0./\-–]{0,3}\(?\d{1,5}\)?){2,7}(?![\w]|[.,]\d)"
)
_URL = re.compile(
    r"(?<![\w@.])(?:https?://)?(?:www\.)?(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+"
    r"(?:com|net|org|info|biz|eu|io|co|app|dev|shop|online|[a-z]{2})(?:/[^\s,;()<>]*)?(?![\w@])",
    re.IGNORECASE,
)
_YES = frozenset(
    ("yes", "true", "ja", "oui", "si", "sim", "tak", "x", "y", "1", "wahr", "on", *"✓✔☑☒")
)
_NO = frozenset(("no", "false", "nein", "non", "nao", "nie", "nee", "n", "0", "off", "☐"))


def emails(text: str, locale: Locale) -> list[Hit]:
    """Return the mail addresses of a text."""
    return [Hit(match.start(), match.end(), match[0]) for match in _EMAIL.finditer(text)]


def phones(text: str, locale: Locale) -> list[Hit]:
    """Return what could be telephone numbers: 7 to 15 digits, as written; + makes it surer."""
    found = []
    for match in _PHONE.finditer(text):
        count = sum(char.isdigit() for char in match[0])
        if 7 <= count <= 15:
            sure = 0.9 if match[0].startswith(("+", "00")) else 0.5
            found.append(Hit(match.start(), match.end(), match[0].strip(), sure))
    return found


def urls(text: str, locale: Locale) -> list[Hit]:
    """Return the web addresses of a text; one without ``www`` or scheme is less sure."""
    found = []
    for match in _URL.finditer(text):
        marked = match[0].lower().startswith(("http", "www."))
        found.append(Hit(match.start(), match.end(), match[0].rstrip("."), 1.0 if marked else 0.6))
    return found


def booleans(text: str, locale: Locale) -> list[Hit]:
    """Return yes or no where a text begins with one."""
    match = re.match(r"\s*(\w+|[✓✔☑☒☐])", text)
    if match is None:
        return []
    folded = unicodedata.normalize("NFKD", match[1].lower())
    word = "".join(char for char in folded if not unicodedata.combining(char))
    if word in _YES or word in _NO:
        return [Hit(match.start(1), match.end(1), word in _YES)]
    return []
