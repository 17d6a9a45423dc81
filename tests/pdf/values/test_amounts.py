"""Claims about amounts, numbers and currencies."""

from __future__ import annotations

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.pdf.values import (
    Locale,
    currency_of,
    decimal_sign,
    find,
    normalised,
    number_of,
    parse_amount,
)

CENTS = st.integers(0, 10**10)
GROUPS = st.sampled_from(["", ".", " ", "\u00a0", "\u202f", "'", "’", ","])
MONEY = st.sampled_from(
    ["{}", "{} €", "€ {}", "€{}", "{} EUR", "EUR {}", "{}zł", "CHF {}", "{} USD", "$ {}", "Rs {}"]
)


def written(cents: int, group: str, decimal: str) -> str:
    whole, rest = divmod(cents, 100)
    digits = f"{whole:,}".replace(",", group)
    return f"{digits}{decimal}{rest:02}"


@given(CENTS, GROUPS, st.sampled_from([".", ","]), MONEY)
def test_an_amount_of_two_decimals_comes_back_from_any_style(
    cents: int, group: str, decimal: str, money: str
) -> None:
    if group == decimal:
        return
    text = money.format(written(cents, group, decimal))
    assert parse_amount(text, Locale()) == pytest.approx(cents / 100), text


@given(
    CENTS, st.sampled_from(["en_US", "de_DE", "fr_FR", "de_CH", "en_IN", "pl_PL", "pt_PT", "it_IT"])
)
def test_amounts_as_locales_write_them_come_back(cents: int, locale: str) -> None:
    text = format_decimal(cents / 100, format="#,##0.00", locale=locale)
    if locale == "en_IN":
        text = format_decimal(cents / 100, format="#,##,##0.00", locale=locale)
    assert parse_amount(text, Locale()) == pytest.approx(cents / 100), text


@given(st.integers(1, 999_999_999), st.sampled_from([".", ","]))
def test_whole_numbers_with_groups_come_back(number: int, group: str) -> None:
    text = f"{number:,}".replace(",", group)
    decimal = "," if group == "." else "."
    assert number_of(text, decimal) == number


@given(CENTS, st.sampled_from(["-{}", "−{}", "{}-", "({})", "- {}", "€ -{}"]))
def test_a_minus_on_either_side_counts(cents: int, sign: str) -> None:
    text = sign.format(written(cents, "", "."))
    assert parse_amount(text, Locale()) == pytest.approx(-cents / 100), text


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("1.234", "", 1234.0),
        ("1.234", ".", 1.234),
        ("1,234", ".", 1234.0),
        ("0.125", "", 0.125),
        ("12.5", "", 12.5),
        ("1234.567", "", 1234.567),
        ("1.234.567", "", 1234567.0),
        ("12.34.56", "", None),
        ("1,23,456.00", "", 123456.0),
        ("1'234'567.80", "", 1234567.8),
    ],
)
def test_separators_are_told_apart(text: str, decimal: str, expected: float | None) -> None:
    assert number_of(text, decimal) == expected


@pytest.mark.parametrize(
    "text", ["19 %", "50,00%", "12.05.2024", "14:30", "A1234", "DE30507500940000048567", "12px", ""]
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert find("amount", text, Locale()) == []


def test_the_currency_stays_with_its_amount() -> None:
    found = find("amount", "net 10,00 € and USD 12.50 and 7.00", Locale())
    assert [(hit.value, hit.note) for hit in found] == [(10.0, "EUR"), (12.5, "USD"), (7.0, "")]
    assert found[0].sure > found[2].sure


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("1.234,56 and 0,50", ","),
        ("1,234.56", "."),
        ("1.50 and 1,50", ""),
        ("no", ""),
        ("12.05.2024", ""),
    ],
)
def test_a_document_tells_its_decimal_sign(text: str, sign: str) -> None:
    assert decimal_sign(text) == sign


@pytest.mark.parametrize(
    ("sign", "country", "language", "code"),
    [
        ("€", "", "", "EUR"),
        ("$", "", "", "USD"),
        ("$", "AU", "", "AUD"),
        ("kr", "", "da", "DKK"),
        ("kr", "", "", "SEK"),
        ("Rs.", "PK", "", "PKR"),
        ("eur", "", "", "EUR"),
        ("zł", "", "", "PLN"),
        ("XYZ", "", "", None),
        ("US$", "AU", "", "USD"),
    ],
)
def test_a_sign_goes_by_country_and_language(
    sign: str, country: str, language: str, code: str | None
) -> None:
    languages = (language,) if language else ()
    assert currency_of(sign, Locale(languages, country=country)) == code


def test_a_code_that_is_a_word_needs_a_number_behind_it() -> None:
    assert find("currency", "TOP service for ALL", Locale()) == []
    assert [hit.value for hit in find("currency", "TRY 100", Locale())] == ["TRY"]
    assert [hit.value for hit in find("currency", "all in US Dollars", Locale())] == ["USD"]


@pytest.mark.parametrize(
    ("kind", "given_", "expected"),
    [
        ("amount", "1.234,56 EUR", 1234.56),
        ("amount", 5, 5.0),
        ("amount", True, None),
        ("integer", "12 pages", 12),
        ("integer", 1.5, None),
        ("percent", "19", 19.0),
        ("percent", "19 %", 19.0),
        ("boolean", "Ja", True),
        ("boolean", "nein", False),
        ("boolean", "maybe", None),
        ("date", "7. Mai 2014", "2014-05-07"),
        ("date", "soon", None),
        ("currency", "Euro", "EUR"),
        ("text", "  ", None),
        ("text", " a ", "a"),
        ("identifier", "A-1", "A-1"),
        ("amount", None, None),
        ("email", "Mail: jane@example.org", "jane@example.org"),
        ("url", "see www.example.org/a", "www.example.org/a"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ],
)
def test_a_value_becomes_what_its_type_says(kind: str, given_: object, expected: object) -> None:
    assert normalised(kind, given_, Locale()) == expected


@given(st.text(max_size=80), st.sampled_from([".", ",", ""]))
def test_no_text_breaks_any_search(text: str, decimal: str) -> None:
    for kind in ("amount", "integer", "percent", "currency", "phone", "url", "email", "identifier"):
        for hit in find(kind, text, Locale(decimal=decimal)):
            assert 0 <= hit.start < hit.end <= len(text)
