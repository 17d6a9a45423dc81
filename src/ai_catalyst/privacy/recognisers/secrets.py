"""Secrets: keys and tokens by the mark their makers gave them, passwords by the word before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["KEYS", "Key", "secrets"]


class Key(NamedTuple):
    """One maker's key: a literal that must stand in the text, and the whole form."""

    name: str
    literal: str
    form: re.Pattern[str]


def _key(name: str, literal: str, form: str) -> Key:
    return Key(name, literal, re.compile(rf"(?<![A-Za-z0-9]){form}"))


KEYS: tuple[Key, ...] = (
    _key(
        "private-key",
        "-----BEGIN ",
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s:,.-]{0,8000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
    ),
    _key("aws-access-key", "AKIA", r"AKIA[0-9A-Z]{16}(?![0-9A-Z])"),
    _key("aws-session-key", "ASIA", r"ASIA[0-9A-Z]{16}(?![0-9A-Z])"),
    _key("github-token", "gh", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _key("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    _key("gitlab-token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,64}"),
    _key("slack-token", "xox", r"xox[abposr]-[A-Za-z0-9-]{10,250}"),
    _key("google-key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
    _key("stripe-key", "k_", r"[spr]k_(?:live|test)_[0-9A-Za-z]{10,99}"),
    _key("openai-key", "sk-", r"sk-(?:proj-|ant-|or-|svcacct-)?[A-Za-z0-9_-]{16,200}"),
    _key(
        "json-web-token",
        "eyJ",
        r"eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{0,1000}",
    ),
    _key("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _key("pypi-token", "pypi-", r"pypi-[A-Za-z0-9_-]{50,500}"),
    _key("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _key("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,60}"),
    _key("twilio-key", "SK", r"SK[0-9a-f]{32}(?![0-9a-f])"),
    _key("digitalocean-token", "dop_v1_", r"dop_v1_[0-9a-f]{64}"),
    _key("bearer", "earer ", r"[Bb]earer [A-Za-z0-9._~+/-]{16,4000}={0,2}"),
    _key("url-password", "://", r"(?<=://)[^\s/:@]{1,64}:[^\s/@]{1,128}(?=@)"),
)

_WORDS = words(
    "password passwords passwd passphrase passcode pwd passwort kennwort contraseña passe "
    "wachtwoord parola secret secrets key apikey token tokens pin cvv cvc otp code"
)
"""A text without any of these words says no password."""
_MARKS = ("-----BEGIN ", "earer ", "://")
"""What the secrets have in common that may be without a digit."""
_VALUE = re.compile(
    r"s?[\"']?(?: ?[:=]{1,2}>? ?| (?:is|ist|lautet|est|es|è|was|to)(?: now)?:? )([\"'`]?)([^\s\"'`,;<>{}]{4,256})",
    re.IGNORECASE,
)
_OF_WHAT = re.compile(r"(?:api|access|auth|client|private|secret|signing)[_ -]?\Z")
_CODE_WORDS = words("pin cvv cvc otp code")
_CODE = re.compile(
    r"(?:pin(?: code| number)?|cvv2?|cvc2?|otp|code)(?: ?[:=#] ?| (?:is|ist|est|es|è) )(\d{3,8})(?!\d)",
    re.IGNORECASE,
)
_BEFORE_CODE = re.compile(r"(?:security|verification|one[- ]time|access|pin|door|alarm|login) \Z")


def secrets(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find keys, tokens and passwords."""
    text = reading.text
    for key in KEYS if reading.mixed or any(mark in text for mark in _MARKS) else ():
        if key.literal in text:
            for match in key.form.finditer(text):
                yield Spot("SECRET", match.start(), match.end(), 0.9, key.name)
    for word in reading.vocabulary & _WORDS:
        for at in reading.places_of(word):
            spot = _said(reading, word, at)
            if spot is not None:
                yield spot


def _said(reading: Reading, word: str, at: int) -> Spot | None:
    """Return the secret that a word like *password* announces."""
    text, end = reading.text, at + len(word)
    lead = reading.lowered[max(0, at - 16) : at]
    if word in _CODE_WORDS:
        code = _CODE.match(text, at)
        if code is not None and (word != "code" or _BEFORE_CODE.search(lead)):
            return Spot("SECRET", *code.span(1), 0.7, "code")
        return None
    if word in ("key", "keys") and not _OF_WHAT.search(lead):
        return None
    match = _VALUE.match(text, end)
    if match is None:
        return None
    value = match.group(2).rstrip(".)!?]")
    score = _password_score(match, value)
    start = match.start(2)
    return Spot("SECRET", start, start + len(value), score, "password") if score else None


def _password_score(match: re.Match[str], value: str) -> float:
    if len(value) < 4:
        return 0.0
    mixed = any(char.isdigit() for char in value) + any(not char.isalnum() for char in value)
    mixed += value.lower() != value and not value.istitle()
    assigned = "=" in match.group() or match.group(1)
    if mixed >= 2 or (mixed and assigned):
        return 0.85
    if mixed:
        return 0.7
    return 0.6 if assigned else 0.4 if ":" in match.group() else 0.0
