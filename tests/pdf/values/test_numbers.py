"""Claims about numbers with check digits, and other identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.pdf.values import Locale, find

GOOD = ("DE89370400440532013000", "NL91ABNA0417164300", "FR1420041010050500013M02606")


def values(kind: str, text: str) -> list[object]:
    return [hit.value for hit in find(kind, text, Locale())]


@given(st.sampled_from(GOOD), st.sampled_from(["", " ", "\u00a0"]), st.sampled_from(["", " BIC X"]))
def test_an_iban_is_found_however_it_is_grouped(iban: str, space: str, after: str) -> None:
    text = "IBAN " + space.join(iban[at : at + 4] for at in range(0, len(iban), 4)) + after
    (hit,) = find("iban", text, Locale())
    assert (hit.value, hit.sure, hit.note) == (iban, 1.0, iban[:2])


def test_an_iban_whose_digits_fail_is_unsure() -> None:
    (hit,) = find("iban", "IBAN DE88 3704 0044 0532 0130 00", Locale())
    assert hit.sure < 0.5


@pytest.mark.parametrize(
    ("text", "value", "country"),
    [
        ("USt-IdNr. DE 136 695 976", "DE136695976", "DE"),
        ("BTW NL004495445B01 IBAN", "NL004495445B01", "NL"),
        ("ATU13585627", "ATU13585627", "AT"),
        ("GB 980 7806 84", "GB980780684", "GB"),
        ("CHE-107.787.577 MWST", "CHE107787577", "CH"),
        ("27AAPFU0939F1ZV", "27AAPFU0939F1ZV", "IN"),
    ],
)
def test_a_vat_id_is_found_with_its_country(text: str, value: str, country: str) -> None:
    (hit,) = find("vat_id", text, Locale())
    assert (hit.value, hit.note) == (value, country)
    assert hit.sure == 1.0


def test_an_iban_is_no_vat_id() -> None:
    assert values("vat_id", "DE89 3704 0044 0532 0130 00") == []


def test_a_word_in_capitals_is_a_less_sure_bank_code() -> None:
    word, code = find("bic", "RECHNUNG COBADEFF060", Locale())
    assert word.sure < code.sure


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (": # ABC_2015", ["ABC_2015"]),
        ("RE 2024-001.", ["RE 2024-001"]),
        ("No. EU-1/2 of 7", ["EU-1/2", "7"]),
        ("none here", []),
    ],
)
def test_identifiers_hold_a_digit(text: str, expected: list[str]) -> None:
    assert values("identifier", text) == expected


def test_a_tax_number_whose_check_holds_is_surer() -> None:
    (right,) = find("tax_id", "36 574 261 809", Locale(("de",)))
    (wrong,) = find("tax_id", "36 574 261 890", Locale(("de",)))
    assert right.sure > wrong.sure


def test_telephone_numbers_are_seven_to_fifteen_digits() -> None:
    assert values("phone", "Tel. +49 40 555 44 10") == ["+49 40 555 44 10"]
    assert values("phone", "12 34") == []


@given(st.text(alphabet="DE0123456789 ABNLXZ-./", max_size=60))
def test_no_run_of_signs_breaks_the_checks(text: str) -> None:
    for kind in ("iban", "vat_id", "bic", "tax_id", "identifier"):
        for hit in find(kind, text, Locale()):
            assert 0 <= hit.start < hit.end <= len(text)
