"""Claims about dates as documents write them."""

from __future__ import annotations

import datetime as dt
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.pdf.values import Locale, day_first, find, parse_date

MONTHS = tomllib.loads((files("ai_catalyst.pdf.values") / "months.toml").read_text("utf-8"))
DAYS = st.dates(dt.date(1970, 1, 1), dt.date(2069, 12, 31))
AROUND = st.sampled_from(["", "Date: ", "(", "vom ", "on\u00a0"])
BEHIND = st.sampled_from(["", ".", ")", ", 14:05", " EUR", " - "])


@given(DAYS, st.sampled_from(["-", "/", "."]), AROUND, BEHIND)
def test_numeric_dates_come_back_whatever_stands_around(
    day: dt.date, sign: str, before: str, after: str
) -> None:
    for layout in (f"%d{sign}%m{sign}%Y", f"%Y{sign}%m{sign}%d", f"%d{sign}%m{sign}%y"):
        text = before + day.strftime(layout) + after
        assert parse_date(text, Locale(day_first=True)) == day.isoformat(), text


@given(DAYS)
def test_american_dates_come_back_where_months_lead(day: dt.date) -> None:
    assert parse_date(day.strftime("%m/%d/%Y"), Locale(day_first=False)) == day.isoformat()


@given(DAYS, st.sampled_from(sorted(MONTHS)), st.data())
def test_written_months_come_back_in_sixteen_languages(
    day: dt.date, language: str, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(MONTHS[language][day.month - 1].split()))
    for text in (
        f"{day.day} {name} {day.year}",
        f"{day.day}. {name.title()} {day.year}",
        f"{day.day}-{name}-{day.year}",
        f"{day.day} de {name} de {day.year}",
        f"{name.upper()} {day.day}, {day.year}",
        f"{day.year} {name} {day.day}",
    ):
        assert parse_date(text) == day.isoformat(), text


def test_no_month_has_two_meanings() -> None:
    meanings: dict[str, set[int]] = {}
    for names in MONTHS.values():
        assert len(names) == 12
        for number, forms in enumerate(names, 1):
            for form in forms.split():
                meanings.setdefault(form, set()).add(number)
    assert {form: found for form, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1er janvier 2024", "2024-01-01"),
        ("le 3 février 2024", "2024-02-03"),
        ("12th of March, 2024", "2024-03-12"),
        ("August 3 , 2014", "2014-08-03"),
        ("3 stycznia 2024 r.", "2024-01-03"),
        ("15 de março de 2024", "2024-03-15"),
        ("4 december 2019", "2019-12-04"),
        ("A-808-21  Nov 24, 2025", "2025-11-24"),
        ("A-808-21 Nov 24, 2025", "2025-11-24"),
        ("Rechnung A-547-41 vom 10. Januar 2023", "2023-01-10"),
        ("20. Mär. '21", "2021-03-20"),
        ("2024年3月5日", "2024-03-05"),
        ("20140803", "2014-08-03"),
        ("31. 12. 2024", "2024-12-31"),
        ("03 05 2024", "2024-05-03"),
    ],
)
def test_odd_forms_are_read(text: str, expected: str) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "31.02.2024",
        "version 1.2.3",
        "192.168.1.20",
        "030/1234-56-78",
        "14:05",
        "May 2024",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert find("date", text, Locale()) == []


def test_both_ends_of_a_period_are_found() -> None:
    found = find("date", "01.05.14-31.05.14", Locale())
    assert [hit.value for hit in found] == ["2014-05-01", "2014-05-31"]


def test_an_open_date_is_less_sure_than_a_settled_one() -> None:
    (open_,) = find("date", "03/04/2024", Locale())
    (settled,) = find("date", "13/04/2024", Locale())
    assert open_.sure < settled.sure


@pytest.mark.parametrize(
    ("text", "expected"),
    [("13/04/2024 and 02/03/2024", True), ("04/13/2024", False), ("02/03/2024", None), ("", None)],
)
def test_a_document_tells_which_number_is_the_day(text: str, expected: bool | None) -> None:
    assert day_first(text) is expected


@given(st.text(max_size=80))
def test_no_text_breaks_the_search(text: str) -> None:
    for hit in find("date", text, Locale()):
        assert dt.date.fromisoformat(hit.value)
        assert 0 <= hit.start < hit.end <= len(text)
