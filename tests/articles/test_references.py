"""Which links of a page are followed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.articles.references import MOST, references_of

SITE = "https://example.org"


def test_the_first_three_that_lead_to_a_text_are_followed() -> None:
    links = [
        f"{SITE}/",
        f"{SITE}/about",
        f"{SITE}/login?next=/x",
        f"{SITE}/photo.JPG",
        "mailto:doe@example.org",
        "javascript:alert(1)",
        "http://[broken",
        f"{SITE}/2026/one",
        f"{SITE}/2026/one?utm_source=feed#part",
        f"{SITE}/2026/two.pdf",
        f"{SITE}/2026/three",
        f"{SITE}/2026/four",
    ]
    assert references_of(links, [f"{SITE}/2026/self"]) == [
        f"{SITE}/2026/one",
        f"{SITE}/2026/two.pdf",
        f"{SITE}/2026/three",
    ]


def test_neither_the_page_itself_nor_what_is_read_anyway_is_followed() -> None:
    links = [f"{SITE}/self?utm_medium=x", f"{SITE}/known", f"{SITE}/other"]
    assert references_of(links, [f"{SITE}/self"], known={f"{SITE}/known"}) == [f"{SITE}/other"]
    assert references_of(links, [], most=0) == []


@given(
    st.lists(st.text(max_size=30) | st.integers().map(lambda n: f"{SITE}/a/{n}")), st.integers(0)
)
def test_never_more_than_asked_for_and_never_one_twice(links: list[str], most: int) -> None:
    found = references_of(links, [], most=most % (MOST + 1))
    assert len(found) == len(set(found)) <= most % (MOST + 1)
    assert set(found) <= set(links)
