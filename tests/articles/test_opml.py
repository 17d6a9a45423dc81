from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.articles.opml import Subscription, opml_of, parse_opml
from ai_catalyst.errors import FileError

NESTED = b"""<?xml version="1.0"?><opml version="1.0"><body>
<outline text="News"><outline text="Tech" ><outline type="rss" text="A" xmlUrl="https://example.org/a"
 htmlUrl="https://example.org/"/></outline><outline title="B" XMLURL="https://example.org/b"/></outline>
<outline text="script" xmlUrl="javascript:alert(1)"/><outline text="again" xmlUrl="https://example.org/a"/>
<outline text="no address"/></body></opml>"""

words = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=20).map(
    lambda text: " ".join(text.split())
)
subscriptions = st.builds(
    Subscription,
    url=st.integers(0, 10**6).map(lambda n: f"https://example.org/{n}?a=1&b=<x>"),
    title=words,
    page=st.sampled_from(["", "https://example.org/"]),
    folders=st.lists(words.filter(bool), max_size=3).map(tuple),
    description=words,
)


def test_nested_outlines_become_feeds_with_their_folders() -> None:
    first, second = parse_opml(NESTED)
    assert first == Subscription(
        "https://example.org/a", "A", "https://example.org/", ("News", "Tech")
    )
    assert second == Subscription("https://example.org/b", "B", folders=("News",))


@given(st.lists(subscriptions, max_size=8, unique_by=lambda one: one.url))
def test_what_is_written_is_read_back(feeds: list[Subscription]) -> None:
    assert parse_opml(opml_of(feeds).encode()) == feeds


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"<html><body/></html>", "malformed"),
        (b"plain words", "malformed"),
        (b"<opml>" + b" " * (16 * 2**20), "too_large"),
    ],
)
def test_what_is_no_opml_is_a_typed_error_with_its_name(data: bytes, kind: str) -> None:
    with pytest.raises(FileError, match=r"^mine\.opml: ") as caught:
        parse_opml(data, "mine.opml")
    assert (caught.value.path, caught.value.kind) == ("mine.opml", kind)


def test_a_torn_file_gives_what_is_whole() -> None:
    assert [one.title for one in parse_opml(NESTED[:220])] == ["A"]


@given(st.binary(max_size=200))
def test_no_bytes_make_it_crash(data: bytes) -> None:
    with suppress(FileError):
        parse_opml(b"<opml><body>" + data)
