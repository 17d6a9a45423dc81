from __future__ import annotations

from typing import Any

import pytest

from ai_catalyst.documents.prose import BadSource, Texts, prose_field
from ai_catalyst.errors import FileError
from ai_catalyst.model import Document

LONG = (
    "The heat pump restarts every night at three, and nobody at the hotline knows the reason. " * 2
)


def made(items: list[Any], shape: str = "table", kind: str = "jsonl") -> list[Document | BadSource]:
    texts = Texts("f", kind, shape)
    return [*texts.take(items), *texts.finish()]


def documents(found: list[Document | BadSource]) -> list[Document]:
    return [item for item in found if isinstance(item, Document)]


def bad(found: list[Document | BadSource]) -> list[BadSource]:
    return [item for item in found if isinstance(item, BadSource)]


def test_records_with_prose_are_documents_of_their_own() -> None:
    rows = [{"id": n, "subject": f"S{n}", "message": LONG + str(n), "x": None} for n in range(50)]
    found = documents(made(rows))
    assert [document.uri for document in found] == [f"f#{n}" for n in range(50)]
    assert found[7].text == LONG + "7"
    assert found[7].title == "S7"
    assert found[7].meta == {"id": 7, "x": None}


def test_a_table_without_prose_is_one_document() -> None:
    rows = [{"day": f"{n:02}", "rain mm": n, "note": "dry" if n else None} for n in range(3)]
    (document,) = documents(made(rows, kind="csv"))
    assert document.text == "day | rain mm | note\n00 | 0 | \n01 | 1 | dry\n02 | 2 | dry"
    assert document.meta == {"rows": 3, "columns": ["day", "rain mm", "note"]}
    assert document.uri == "f"


def test_a_single_object_is_shown_as_a_list() -> None:
    (document,) = documents(made([{"name": "Ann", "tags": ["a", "b"], "none": None}]))
    assert document.text == 'name: Ann\ntags: ["a","b"]'


def test_a_long_table_is_bounded_but_every_row_counts() -> None:
    rows = [{"n": n, "word": "x" * 20} for n in range(5000)]
    (one,) = documents(made(rows))
    (other,) = documents(made([*rows[:-1], {"n": -1, "word": "changed"}]))
    assert len(one.text) < 80_000
    assert one.text.endswith("more rows")
    assert one.meta["rows"] == 5000
    assert one.text == other.text
    assert one.hash != other.hash


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"text": LONG}], "text"),
        ([{"Body": LONG, "title": "x"}], "Body"),
        ([{"summary": LONG, "content": LONG * 3}], "content"),
        ([{"text": "short"}] * 5, None),
        ([{"text": "short"}] * 3 + [{"text": LONG}] * 2, None),
        ([{"text": 5}], None),
        ([{"url": LONG}], None),
        ([{"text": LONG}, {"a": 1}, {"a": 1}], None),
        ([], None),
    ],
)
def test_prose_is_a_long_field_with_a_telling_name(
    records: list[dict[str, Any]], expected: str | None
) -> None:
    assert prose_field(records) == expected


def test_a_record_without_its_text_is_told_of() -> None:
    found = made([{"text": LONG}, {"text": ""}, {"text": LONG}])
    assert [item.uri for item in found] == ["f#0", "f#1", "f#2"]
    assert [(item.uri, item.kind) for item in bad(found)] == [("f#1", "no_text")]


def test_broken_records_are_told_of_in_their_place_and_not_without_end() -> None:
    error = FileError("f, line 2: broken", path="f", line=2)
    found = made([{"text": LONG}] * 40 + [error] + [{"text": LONG}])
    assert [item.uri for item in found][39:] == ["f#39", "f#line-2", "f#40"]
    many = made([FileError(f"line {n}", line=n) for n in range(500)] + [{"a": 1}])
    assert len(bad(many)) == 101
    assert "400 more" in str(bad(many)[-1].error)
    assert len(documents(many)) == 1


def test_a_text_is_one_document_with_its_metadata() -> None:
    item = {"text": "words", "title": "T", "pages": 3, "author": "Ann", "page_starts": [0, 2, 4]}
    (document,) = documents(made([item], "text", "pdf"))
    assert (document.text, document.title, document.pages) == ("words", "T", 3)
    assert document.meta == {"author": "Ann", "page_starts": [0, 2, 4]}


def test_a_pdf_without_text_says_it_may_be_a_scan() -> None:
    (found,) = bad(made([{"text": " \n", "pages": 2}], "text", "pdf"))
    assert found.kind == "no_text"
    assert "scanned" in str(found.error)


def test_entries_are_named_by_guid_and_never_twice_the_same() -> None:
    items = [
        {"guid": "g", "title": "A", "text": "one"},
        {"guid": "g", "title": "B", "text": "two"},
        {"link": "https://example.com/c", "title": "only a title", "text": ""},
        {"guid": "line\nbreak", "title": "", "text": "x"},
        {"title": "", "text": ""},
    ]
    found = made(items, "entries", "feed")
    assert [item.uri for item in found] == [
        "f#g",
        "f#g-1",
        "f#https://example.com/c",
        "f#line break",
        "f#4",
    ]
    assert [document.text for document in documents(found)] == ["one", "two", "only a title", "x"]


def test_a_file_with_nothing_in_it_says_so() -> None:
    assert "no entries" in str(bad(made([], "entries"))[0].error)
    assert "no records" in str(bad(made([], "table"))[0].error)
    assert bad(made([], "table"))[0].kind == "empty"
