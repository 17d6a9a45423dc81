"""Labels: a name where there is one, and never somebody's text."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_catalyst.engine.labels import default_label, safely


class Named:
    def __init__(self, name: object = None, uri: object = None) -> None:
        self.name = name
        self.uri = uri


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ("a.pdf", "a.pdf"),
        ("my report.pdf", "my report.pdf"),
        ("/some folder/x", "/some folder/x"),
        ("https://example.com/feed", "https://example.com/feed"),
        ("Jane is ill since May", "str"),
        ("x" * 500, "str"),
        ("two\nlines.pdf", "str"),
        ("", "str"),
        (Path("a") / "b.pdf", "a/b.pdf"),
        (Named("upload.pdf"), "upload.pdf"),
        (Named(uri="https://example.com"), "https://example.com"),
        (Named(3), "Named"),
        (7, "int"),
        (True, "bool"),
        (b"bytes", "bytes"),
        (("a.pdf", b""), "tuple"),
        (None, "NoneType"),
    ],
)
def test_items_are_named_without_telling_what_they_say(item: object, label: str) -> None:
    assert default_label(item) == label


def test_a_label_that_fails_is_replaced_by_the_type() -> None:
    name = safely({1: "one"}.__getitem__)
    assert (name(1), name(2)) == ("one", "int")
