from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.documents.dates import iso_date


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Tue, 05 Mar 2024 14:15:16 GMT", "2024-03-05T14:15:16+00:00"),
        ("Tue, 5 Mar 2024 14:15 +0100", "2024-03-05T14:15:00+01:00"),
        ("5 Mar 24 14:15:16 EST", "2024-03-05T14:15:16-05:00"),
        ("Tuesday, 05-March-99 1:02:03 PM UT", "1999-03-05T13:02:03+00:00"),
        ("05 Mar 2024", "2024-03-05"),
        ("2024-03-05T14:15:16Z", "2024-03-05T14:15:16+00:00"),
        ("2024-03-05T14:15:16.123+05:30", "2024-03-05T14:15:16+05:30"),
        ("2024-03-05 14:15", "2024-03-05T14:15:00"),
        ("20240305", "2024-03-05"),
        ("2024-03", "2024-03"),
        ("2024", "2024"),
        ("2024-065", "2024-03-05"),
        ("Tue Mar  5 14:15:16 2024", "2024-03-05T14:15:16"),
        ("March 5, 2024", "2024-03-05"),
        ("Sun, 31 Dec 2023 24:00:00 GMT", "2024-01-01T00:00:00+00:00"),
        ("2024-02-30", None),
        ("32 Mar 2024", None),
        ("next week", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_in_the_wild_become_iso(raw: str | None, expected: str | None) -> None:
    assert iso_date(raw) == expected


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    found = iso_date(text)
    assert found is None or found[:4].isdigit()


@given(st.datetimes())
def test_what_iso_writes_is_read_back(moment: object) -> None:
    text = moment.replace(microsecond=0).isoformat()  # type: ignore[attr-defined]
    assert iso_date(text) == text
