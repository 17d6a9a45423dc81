"""Records and documents: plain, frozen, and named by their content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.model import Document, Record, content_hash


def test_a_record_is_read_like_its_data() -> None:
    record = Record({"name": "A. Example"}, "people.csv", 4, "csv")
    assert record["name"] == "A. Example"
    assert record.get("age") is None
    with pytest.raises(KeyError):
        record["age"]


def test_equal_content_has_an_equal_hash_wherever_it_lies() -> None:
    here = Document("a.txt", "The same text.", "Title")
    there = Document("b/c.txt", "The same text.", "Title", kind="md")
    assert here.hash == there.hash
    assert Document("a.txt", "The same text.", "Another title").hash != here.hash


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_a_hash_tells_where_one_part_ends(first: list[str], second: list[str]) -> None:
    assert (content_hash(*first) == content_hash(*second)) == (first == second)


def test_a_lone_surrogate_can_be_hashed() -> None:
    assert len(Document("x", "\ud800").hash) == 64
