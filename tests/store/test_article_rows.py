"""Articles as rows: any shape in, one identity out."""

import dataclasses
import json
import time
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pydantic
import pytest

from ai_catalyst.store.article_rows import COLUMNS, article_rows, identity_of


def row(article: object) -> dict[str, object]:
    (values,) = article_rows([article], 5.0)
    return dict(zip(COLUMNS, values, strict=True))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=2&a=1",
        "HTTPS://Example.COM:443/a?b=2&a=1#part",
        "https://example.com/a?a=1&utm_source=x&b=2&fbclid=123&UTM_Medium=y",
        "  https://user:secret@example.com./a?a=1&b=2 ",
    ],
)
def test_urls_of_one_page_are_one_identity(url: str) -> None:
    assert identity_of(url, "guid", "", "") == "https://example.com/a?a=1&b=2"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a?a=1&b=2",
        "https://example.com/A?a=1&b=2",
        "https://example.com:8443/a?a=1&b=2",
        "https://example.com/a?a=1&b=2&b=3",
        "https://example.org/a?a=1&b=2",
        "https://example.com/a/?a=1&b=2",
    ],
)
def test_urls_of_different_pages_stay_apart(url: str) -> None:
    assert identity_of(url, "", "", "") != identity_of("https://example.com/a?a=1&b=2", "", "", "")


def test_without_a_url_the_guid_counts_and_without_both_the_text() -> None:
    assert identity_of("", "tag:1", "t", "c") == "guid:tag:1"
    assert identity_of("", "", "t", "c") != identity_of("", "", "tc", "")
    assert identity_of("http://[broken", "", "", "") == "http://[broken"
    assert identity_of("inbox/a.txt", "", "", "") == "inbox/a.txt"


class Page(pydantic.BaseModel):
    text: str


@dataclasses.dataclass
class Analysis:
    summary: str
    when: date


class Struct(msgspec.Struct):
    title: str
    url: str


class Plain:
    def __init__(self) -> None:
        self.title = "Plain"
        self.url = "https://example.com/p"
        self.page = Page(text="hello")
        self.analysis = Analysis("short", date(2026, 1, 2))
        self.authors = ("A. Person", "B. Person")


def test_any_object_with_the_attributes_is_an_article() -> None:
    found = row(Plain())
    assert found["title"] == "Plain"
    assert json.loads(found["page"]) == {"text": "hello"}
    assert json.loads(found["analysis"]) == {"summary": "short", "when": "2026-01-02"}
    assert json.loads(found["authors"]) == ["A. Person", "B. Person"]
    assert (found["tags"], found["published"], found["summary"]) == ("[]", None, "")
    assert row(Struct("S", "https://example.com/s"))["title"] == "S"
    assert row({"title": None, "authors": "One Person"})["authors"] == '["One Person"]'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-02T01:04:05+00:00",
        ),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (date(2026, 1, 2), "2026-01-02"),
        (0, "1970-01-01T00:00:00+00:00"),
        (time.gmtime(0), "1970-01-01T00:00:00+00:00"),
        ("Fri, 02 Jan 2026", "Fri, 02 Jan 2026"),
        ("", None),
        (None, None),
    ],
)
def test_times_are_kept_as_iso_8601(given: object, kept: str | None) -> None:
    assert row({"published": given})["published"] == kept


def test_of_equal_articles_in_one_call_the_last_is_saved() -> None:
    rows = article_rows([{"guid": "1", "title": "a"}, {"guid": "1", "title": "b"}], 0.0)
    assert [r[3] for r in rows] == ["b"]


def test_nul_and_lone_surrogates_do_not_reach_the_database() -> None:
    found = row({"title": "a\0b\udcff", "page": {"text": "\0\udcff"}, "tags": ["\udcff"]})
    for value in found.values():
        if isinstance(value, str):
            value.encode()
            assert "\0" not in value


def test_any_iterable_of_articles_will_do() -> None:
    assert len(article_rows(({"guid": str(n)} for n in range(3)), time.time())) == 3
    assert datetime.now(UTC)
