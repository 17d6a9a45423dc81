"""A response reads its own headers."""

from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict

from ai_catalyst.io.response import Response, retry_after_s

NOW = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Wed, 21 Oct 2026 07:30:00 GMT", 120),
        ("Wed, 21 Oct 2026 07:30:00", 120),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0),
        ("9" * 400, 999999999),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_or_nothing(value, seconds):
    assert retry_after_s({"Retry-After": value}, NOW) == seconds


def test_a_response_made_by_hand_has_sensible_defaults():
    response = Response("http://example.com/", 200, CIMultiDict(etag='"v1"'), "grün".encode())
    assert (response.text, response.etag, response.last_modified) == ("grün", '"v1"', None)
    assert not response.not_modified
