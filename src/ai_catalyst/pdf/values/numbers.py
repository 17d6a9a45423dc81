"""Numbers that name somebody or something: IBAN, BIC, VAT and tax ids, with their check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from ai_catalyst.pdf.values.hit import Hit, Locale

__all__ = ["bics", "ibans", "identifiers", "tax_ids", "vat_ids"]

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2} ?\d ?\d(?:[ \u00a0-]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_BIC = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{4} ?[A-Z]{2} ?[A-Z0-9]{2}(?: ?[A-Z0-9]{3})?(?![A-Za-z0-9])"
)
_EU = "AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI"
_VAT = re.compile(
    rf"(?<![A-Za-z0-9])(?P<country>{_EU}|GB|CHE|NO)[ \u00a0.-]?"
    r"(?:[A-Z0-9][ \u00a0.\-/]?){6,13}[A-Z0-9](?:\s?(?:MWST|TVA|IVA|MVA))?(?![A-Za-z0-9])"
)
_GSTIN = re.compile(r"(?<![A-Za-z0-9])\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]{3}(?![A-Za-z0-9])")
_TAX = re.compile(r"(?<![A-Za-z0-9])[A-Z0-9](?:[ \u00a0./\-]?[A-Z0-9]){5,17}(?![A-Za-z0-9])")
_IDENTIFIER = re.compile(
    r"(?<![\w])(?P<number>(?=[\w/.#-]*\d)[A-Za-z0-9À-ž][\w/.\-#–]*[\w]|\d(?!\w))"
)
_JOINED = re.compile(r"(?<![\w])([A-Z]{1,5})\s(?=\d)([\w/.\-]*\d[\w/.\-]*)")


def ibans(text: str, locale: Locale) -> list[Hit]:
    """Return the IBANs of a text without spaces; one whose check digits fail is unsure."""
    found = []
    for match in _IBAN.finditer(text):
        hit = _iban(match)
        if hit is not None:
            found.append(hit)
    return found


def _iban(match: re.Match[str]) -> Hit | None:
    raw = match[0]
    for end in _ends(raw, 15):
        compact = _compact(raw[:end])
        if _valid("iban", compact, check_country=False):
            return Hit(match.start(), match.start() + end, compact, 1.0, compact[:2])
    compact = _compact(raw)
    if sum(char.isdigit() for char in compact) < 10 or len(compact) > 34:
        return None
    return Hit(match.start(), match.end(), compact, 0.4, compact[:2])


def _ends(raw: str, least: int) -> Iterator[int]:
    """Yield where a run of groups may end, the longest first: what follows may not belong to it."""
    yield len(raw)
    for place in range(len(raw) - 1, least, -1):
        if not raw[place].isalnum():
            yield place


def bics(text: str, locale: Locale) -> list[Hit]:
    """Return the bank codes of a text (ISO 9362); words in capitals look alike and are unsure."""
    found = []
    for match in _BIC.finditer(text):
        compact = match[0].replace(" ", "")
        if len(compact) in (8, 11) and _valid("bic", compact):
            word = compact.isalpha() and " " not in match[0]
            sure = 0.6 if word else 0.9 if " " not in match[0] else 0.4
            found.append(Hit(match.start(), match.end(), compact, sure))
    return found


def vat_ids(text: str, locale: Locale) -> list[Hit]:
    """Return VAT ids without spaces; ``sure`` says whether the check digits hold."""
    accounts = [hit for hit in ibans(text, locale) if hit.sure == 1.0]
    found = []
    for match in _VAT.finditer(text):
        hit = _vat(match)
        if hit is not None and not any(
            hit.start < account.end and account.start < hit.end for account in accounts
        ):
            found.append(hit)
    for match in _GSTIN.finditer(text):
        sure = 1.0 if _valid("in_.gstin", match[0]) else 0.7
        found.append(Hit(match.start(), match.end(), match[0], sure, "IN"))
    return sorted(found)


_MODULES = {"GB": "gb.vat", "CHE": "ch.uid", "NO": "no.mva", "XI": "gb.vat"}


def _vat(match: re.Match[str]) -> Hit | None:
    raw, country = match[0], match["country"]
    least = len(country) + 6
    for end in _ends(raw, least):
        compact = _bare(_compact(raw[:end]), country)
        module = _MODULES.get(country, "eu.vat")
        number = compact[2:] if country in ("GB", "XI", "NO") else compact
        if len(compact) > least and _valid(module, number):
            return Hit(match.start(), match.start() + end, compact, 1.0, country[:2])
    compact = _bare(_compact(raw), country)
    digits = sum(char.isdigit() for char in compact)
    if digits < 7 or digits < len(compact) - 5:
        return None
    return Hit(match.start(), match.end(), compact, 0.5, country[:2])


def _bare(compact: str, country: str) -> str:
    """Return a Swiss number without the word for VAT that stands behind it."""
    return compact[:12] if country == "CHE" else compact


_TAX_CHECKS = {
    "de": ("de.idnr", "at.tin"),
    "fr": ("fr.siren", "fr.siret", "fr.nif"),
    "es": ("es.nif",),
    "it": ("it.codicefiscale", "it.iva"),
    "nl": ("nl.btw", "nl.bsn", "be.vat"),
    "pt": ("pt.nif", "br.cnpj", "br.cpf"),
    "pl": ("pl.nip", "pl.pesel"),
    "en": ("us.ein", "gb.utr", "in_.pan", "in_.gstin", "au.abn"),
}
"""By language: of all countries' checks together, some would hold for any number."""


def tax_ids(text: str, locale: Locale) -> list[Hit]:
    """Return what could be a tax number, surer where a check of the language's countries holds."""
    modules = [each for language in locale.languages[:1] for each in _TAX_CHECKS.get(language, ())]
    found = []
    for match in _TAX.finditer(text):
        raw = match[0]
        if sum(char.isdigit() for char in raw) < 6:
            continue
        sure = 0.8 if any(_valid(module, _compact(raw)) for module in modules) else 0.5
        found.append(Hit(match.start(), match.end(), raw, sure))
    return found


def identifiers(text: str, locale: Locale) -> list[Hit]:
    """Return what could be the number of an invoice, an order, a customer: it holds a digit."""
    found = []
    joined = {match.start(): match for match in _JOINED.finditer(text)}
    past = 0
    for match in _IDENTIFIER.finditer(text):
        if match.start() < past:
            continue
        before = next((one for one in joined.values() if one.start(2) == match.start()), None)
        start = before.start() if before else match.start("number")
        value = text[start : match.end()].rstrip(".-–/")
        if 0 < len(value) <= 40:
            sure = 1.0 if len(value) > 2 else 0.5
            found.append(Hit(start, match.end(), value, sure))
            past = match.end()
    return found


def _compact(raw: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", raw).upper()


@lru_cache(maxsize=4096)
def _valid(module: str, value: str, check_country: bool = True) -> bool:
    check = import_module(f"stdnum.{module}")
    if module == "iban":
        return bool(check.is_valid(value, check_country=check_country))
    return bool(check.is_valid(value))
