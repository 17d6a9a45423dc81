"""Places as they travel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ai_catalyst
from ai_catalyst.cluster.places import (
    ROOM,
    Place,
    as_locator,
    as_place,
    pack,
    position,
    unpack,
    unseen_folder,
)
from ai_catalyst.documents.locating import Locator

names = st.text(st.characters(exclude_characters="\0/"), min_size=1).filter(
    lambda name: name not in {".", ".."}
)


@given(st.lists(st.tuples(st.integers(0, 2**40), names)))
def test_any_name_that_a_file_can_have_comes_back_as_it_was(found: list[tuple[int, str]]) -> None:
    places = [
        as_place(number, Locator("uri", "file", os.fsdecode(os.fsencode(f"/{name}"))))
        for number, name in found
        if not any("\ud800" <= sign <= "\udfff" for sign in name)
    ]
    assert unpack(pack(places)) == places
    assert all((as_locator(place).path or "").startswith("/") for place in places)


def test_a_file_is_named_from_the_root_and_keeps_the_name_people_gave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = as_place(3, Locator("inbox/a.txt", "file", "inbox/a.txt"))
    assert place == Place(3, "inbox/a.txt", "file", os.fsencode(tmp_path / "inbox/a.txt"))


def test_what_comes_with_the_package_is_found_where_each_machine_has_it() -> None:
    here = Path(ai_catalyst.__file__).parent / "samples" / "one.txt"
    place = as_place(0, Locator("samples/one.txt", "file", str(here)))
    assert (place.kind, place.path) == ("bundled", b"samples/one.txt")
    assert as_locator(place).path == str(here)


def test_a_url_travels_as_it_was_given() -> None:
    given_url = Locator("https://example.org/feed", "url", "https://a:b@example.org/feed")
    assert as_locator(as_place(0, given_url)) == given_url


def test_positions_keep_the_order_of_sources_and_of_what_is_in_them() -> None:
    order = [position(0, 0), position(0, 1), position(0, ROOM - 1), position(1, 0)]
    assert order == sorted(set(order))


def test_a_folder_that_this_machine_does_not_have_is_named(tmp_path: Path) -> None:
    seen = as_place(0, Locator("a", "file", str(tmp_path / "a")))
    unseen = as_place(1, Locator("b", "file", str(tmp_path / "not-shared" / "b")))
    web = as_place(2, Locator("https://example.org", "url", "https://example.org"))
    assert unseen_folder([seen, web]) is None
    assert unseen_folder([seen, unseen]) == str(tmp_path / "not-shared")
