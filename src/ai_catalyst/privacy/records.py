"""Records: the names of fields and columns say what their values are; types and layout stay."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from numbers import Number
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ai_catalyst.privacy.finding import Finding
from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.scrubber import replaced

if TYPE_CHECKING:
    from ai_catalyst.privacy.scrubber import Scrubber
    from ai_catalyst.privacy.vault import Vault

__all__ = ["RecordScrubber", "field_kind"]

_SURE: Mapping[str, frozenset[str]] = {
    "NAME": words(
        "first_name last_name full_name given_name family_name middle_name maiden_name surname firstname lastname "
        "fullname patient_name customer_name client_name contact_name contact_person cardholder account_holder "
        "vorname nachname familienname prénom nom_de_famille apellido apellidos cognome voornaam achternaam "
        "beneficiary next_of_kin emergency_contact employee_name author_name sender_name recipient_name"
    ),
    "EMAIL": words("email e_mail mail email_address mailadresse courriel correo indirizzo_email"),
    "PHONE": words(
        "phone phone_number telephone mobile mobile_number cell fax tel telefon handy téléphone teléfono telefono "
        "cellulare telefoonnummer whatsapp"
    ),
    "ADDRESS": words(
        "address street street_address home_address postal_address billing_address shipping_address address_line "
        "adresse anschrift straße dirección indirizzo adres zip zipcode zip_code postcode postal_code plz cap"
    ),
    "SSN": words("ssn social_security social_security_number"),
    "IBAN": words("iban"),
    "CREDIT_CARD": words("card_number credit_card creditcard pan cc_number kreditkarte"),
    "DATE": words(
        "dob date_of_birth birth_date birthdate birthday geburtsdatum date_de_naissance fecha_de_nacimiento"
    ),
    "IP": words("ip ip_address client_ip remote_addr"),
    "ID": words(
        "passport passport_number driver_license licence_number license_number national_id tax_id mrn patient_id "
        "insurance_number policy_number member_id account_number bank_account vin license_plate steuernummer dni nif "
        "codice_fiscale bsn"
    ),
    "USERNAME": words("username user_name login screen_name twitter_handle"),
    "SECRET": words(
        "password passwd pwd secret api_key token access_token pin cvv passwort contraseña"
    ),
    "AGE": words("age alter edad età leeftijd"),
    "NATIONALITY": words(
        "nationality citizenship ethnicity religion nationalität nationalité nacionalidad"
    ),
}
_MAYBE: Mapping[str, frozenset[str]] = {
    "NAME": words(
        "name contact owner customer client patient employee author user sender recipient from to nom nombre nome naam"
    ),
    "PLACE": words(
        "city town country state region birthplace place_of_birth stadt ort land ville pays ciudad país città paese plaats"
    ),
    "ORGANIZATION": words(
        "company employer organization organisation firma entreprise empresa azienda bedrijf"
    ),
    "OCCUPATION": words(
        "job job_title occupation profession beruf métier profesión professione beroep"
    ),
}
_KEY_KINDS = frozenset({"EMAIL", "PHONE", "SSN", "IBAN", "CREDIT_CARD", "SECRET", "CRYPTO"})
LEARNED_VALUES = 200
"""Values of a column that vote on what it holds."""
LONG_NUMBER = 9
"""Digits from which on a number in an unnamed field is looked at: cards and national numbers."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LETTER = re.compile(r"[^\W_]")


def field_kind(name: str) -> tuple[str, bool] | None:
    """Return the kind a field's name speaks of, and whether that is sure (``first_name``)."""
    words_ = re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", name)).strip().lower()
    parts = words_.split()
    for size in (3, 2, 1):
        for at in range(len(parts) - size, -1, -1):
            phrase = " ".join(parts[at : at + size])
            for sure, table in ((True, _SURE), (False, _MAYBE)):
                for kind, names in table.items():
                    if phrase in names:
                        return kind, sure and (size > 1 or at == len(parts) - 1)
    return None


class RecordScrubber:
    """Scrubs records of one table or file: JSON objects, table rows, any nesting of both.

    ``learn`` looks at some records first and lets each column vote on what it holds; ``scrub``
    then returns a record of the same shape, in which only texts (and numbers in fields that are
    somebody's) have changed. With a ``vault`` values become pseudonyms, else ``<KIND>``.
    """

    def __init__(
        self,
        scrubber: Scrubber,
        vault: Vault | None = None,
        *,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """Scrub with the rules of a scrubber; ``columns`` are what another one has learned."""
        self._scrubber = scrubber
        self._vault = vault
        self.columns: dict[str, str] = dict(columns or {})
        """The kind that a column's values voted for, by its name."""
        self.counts: Counter[str] = Counter()
        """How many findings of each kind were replaced."""

    def learn(self, records: Iterable[Any]) -> None:
        """Let each column of some records vote: most of its values of one kind makes all so."""
        votes: dict[str, Counter[str]] = {}
        for record in records:
            for path, value in _leaves(record):
                if not isinstance(value, str) or not _LETTER.search(value):
                    continue
                vote = votes.setdefault(path, Counter())
                vote[self._whole(path, value)] += 1
        for path, vote in votes.items():
            kind, count = vote.most_common(1)[0]
            if kind and count >= 3 and count >= 0.6 * sum(vote.values()):
                self.columns[path] = kind

    def _whole(self, path: str, value: str) -> str:
        """Return the kind that covers nearly all of a value, or nothing."""
        for finding in self._found(path, value):
            if finding.end - finding.start >= 0.8 * len(value.strip()):
                return finding.kind
        return ""

    def scrub(self, record: Any) -> Any:
        """Return the record with what is personal in it replaced."""
        return self._scrubbed(record, "")

    def value(self, name: str, value: Any) -> Any:
        """Return the value of one field with what is personal in it replaced."""
        return self._scrubbed(value, name)

    def scrub_table(self, frame: Any) -> Any:
        """Return a pandas, polars or pyarrow table with what is personal in it replaced.

        It keeps its sort, order, shape, and the types of columns without findings; each column
        votes. Raises `UserError` for anything else.
        """
        from ai_catalyst.privacy.frames import scrub_frame

        return scrub_frame(self, frame)

    def column(self, name: str, values: list[Any]) -> list[Any]:
        """Return a column's values without what is personal; the same list when nothing was."""
        self.learn({name: value} for value in values[:LEARNED_VALUES])
        clean = [self._scrubbed(value, name) for value in values]
        changed = any(new is not old and new != old for new, old in zip(clean, values, strict=True))
        return clean if changed else values

    def keys(self, names: Iterable[Any]) -> Iterator[Any]:
        """Yield names of fields; one that is itself somebody's (an address) gives way, numbered."""
        given: Counter[str] = Counter()
        for name in names:
            clean = self._key(name) if isinstance(name, str) else name
            if clean != name:
                given[clean] += 1
                clean = clean if given[clean] == 1 else f"{clean} {given[clean]}"
            yield clean

    def _key(self, name: str) -> str:
        """Return a field's name, changed only when it is surely no name of a field."""
        if field_kind(name) is not None:
            return name
        findings = [
            one
            for one in self._scrubber.detect(name)
            if one.kind in _KEY_KINDS
            or (one.kind == "NAME" and one.score >= 0.6 and " " in one.text)
        ]
        if not findings:
            return name
        self.counts.update(finding.kind for finding in findings)
        return replaced(name, findings) if self._vault is None else self._vault.hide(name, findings)

    def _scrubbed(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            items = [self._scrubbed(item, _join(path, key)) for key, item in value.items()]
            return dict(zip(self.keys(value), items, strict=True))
        if isinstance(value, list | tuple):
            return [self._scrubbed(item, path) for item in value]
        if isinstance(value, str):
            return self._text(path, value)
        if isinstance(value, bool) or not isinstance(value, Number | date | UUID):
            return value
        return self._number(path, value)

    def _text(self, path: str, value: str) -> str:
        findings = self.findings(path, value)
        self.counts.update(finding.kind for finding in findings)
        if self._vault is not None:
            return self._vault.hide(value, findings)
        return replaced(value, findings)

    def _number(self, path: str, value: Any) -> Any:
        """Replace a number or date where the field, the column or its own check says whose it is."""
        if value != value:  # not a number, not a time: nothing stands there
            return value
        named = field_kind(_last(path))
        kind = self.columns.get(path) or (named[0] if named and named[1] else "")
        text = str(value)
        if not kind and isinstance(value, int) and len(text) >= LONG_NUMBER:
            kind = self._whole(path, text)
        if not kind:
            return value
        self.counts[kind] += 1
        if self._vault is not None:
            return self._vault.placeholder(kind, text)
        return f"<{kind}>"

    def findings(self, path: str, value: str) -> list[Finding]:
        """Return what is personal in a field's text; a name like ``patient.name`` tells where."""
        found = self._found(path, value)
        text = value.strip()
        if not text or not _LETTER.search(text) or self._scrubber.allows(text):
            return found
        named = field_kind(_last(path))
        voted = self.columns.get(path)
        kind = voted or (named[0] if named and named[1] else "")
        covered = sum(finding.end - finding.start for finding in found)
        if not kind or covered >= 0.8 * len(text) or len(text) > 200:
            return found
        start = value.index(text)
        return [Finding(kind, start, start + len(text), text, 0.7, "field")]

    def _found(self, path: str, value: str) -> list[Finding]:
        """Find with the field's name before the value, as if somebody had written a form."""
        lead = re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", _last(path))).strip()
        if not lead or lead.isdigit() or len(value) > 500:
            return self._scrubber.detect(value)
        label = f"{lead}: "
        shift = len(label)
        return [
            one._replace(start=one.start - shift, end=one.end - shift)
            for one in self._scrubber.detect(label + value)
            if one.start >= shift
        ]


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, _join(path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            yield from _leaves(item, path)
    else:
        yield path, value
