from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.documents import json_values
from ai_catalyst.documents.json_values import decode_json, json_items
from ai_catalyst.errors import FileError

json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def items(data: bytes, size: int = 7, cap: int = 10**6, *, array: bool = True) -> list[Any]:
    return list(json_items(pieces(data, size), cap, array=array))


@given(st.lists(json_value, max_size=8), st.integers(1, 30), st.sampled_from([None, 1]))
def test_an_array_is_cut_into_its_values_wherever_the_pieces_end(
    values: list[Any], size: int, indent: int | None
) -> None:
    data = json.dumps(values, indent=indent).encode()
    assert items(data.lstrip()[1:], size) == values


@settings(max_examples=50)
@given(
    st.lists(st.dictionaries(st.text(max_size=4), json_value, max_size=3), max_size=5),
    st.integers(1, 30),
)
def test_values_that_follow_each_other_are_cut_too(values: list[Any], size: int) -> None:
    data = "\n".join(json.dumps(value, indent=1) for value in values).encode()
    assert items(data, size, array=False) == values


@settings(max_examples=30)
@given(
    st.lists(st.fixed_dictionaries({"id": st.integers(0, 99), "n": json_value}), min_size=3),
    st.integers(20, 400),
)
def test_uniform_objects_take_the_fast_way_and_come_out_the_same(
    values: list[Any], size: int
) -> None:
    assert items(json.dumps(values).encode()[1:], size) == values


def test_a_broken_item_costs_itself_and_names_its_line() -> None:
    found = items(b'{"a": 1},\n{"a": },\n\n  {"a": 3}\n]')
    assert [found[0], found[2]] == [{"a": 1}, {"a": 3}]
    assert isinstance(found[1], FileError)
    assert found[1].line == 2


def test_an_array_without_its_end_keeps_its_items_and_says_so() -> None:
    *whole, error = items(b'{"a": 1}, {"a": 2}, {"a')
    assert whole == [{"a": 1}, {"a": 2}]
    assert "closing bracket" in str(error)
    assert items(b'{"a": 1}')[0] == {"a": 1}


def test_text_after_the_array_is_an_error_and_a_trailing_comma_is_not() -> None:
    assert items(b'{"a": 1},\n]') == [{"a": 1}]
    found = items(b'{"a": 1}] hello')
    assert found[0] == {"a": 1}
    assert "after the end" in str(found[1])
    assert "empty" in str(items(b'{"a": 1},,{"a": 2}]')[1])


@pytest.mark.parametrize("size", [100, 1000])
def test_an_item_over_the_cap_is_skipped_in_bounded_memory_and_the_rest_still_read(
    size: int,
) -> None:
    huge = b'{"a": "' + b"x" * 50_000 + b'\\"]}"}'
    data = b'{"a": 1},\n' + huge + b',\n{"a": 3},{"a": 4}]'
    found = items(data, size, cap=5000)
    assert [item for item in found if not isinstance(item, FileError)] == [
        {"a": 1},
        {"a": 3},
        {"a": 4},
    ]
    (error,) = (item for item in found if isinstance(item, FileError))
    assert (error.kind, error.line) == ("too_large", 2)


def test_a_huge_value_is_decoded_in_parts_and_comes_out_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_values, "AT_ONCE", 50)
    value = {
        "list": [{"n": number, "s": 'a]b}c,"d\\'} for number in range(50)],
        "empty": [[], {}, ""],
        'odd "key"': {"deep": [[1, 2], [3, [4]]]},
        "text": "x" * 200,
    }
    assert decode_json(json.dumps(value, indent=1).encode()) == value


def test_a_huge_broken_value_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "AT_ONCE", 50)
    for broken in (b'{"a": [' + b"1," * 100 + b"2]", b'{"a" 1, ' + b'"b": 2,' * 30 + b'"c": 3}'):
        assert isinstance(decode_json(broken), FileError)


def test_what_people_write_as_json_is_read_leniently() -> None:
    assert str(decode_json(b'{"a": NaN}')["a"]) == "nan"
    assert decode_json(b'{"a": "caf\xe9"}') == {"a": "café"}
    assert decode_json(b'{"a": "\\ud800!"}') == {"a": "\ufffd!"}
    assert decode_json(b"123456789012345678901234567890") == 123456789012345678901234567890


def test_nesting_beyond_reason_is_an_error_not_a_crash() -> None:
    assert isinstance(decode_json(b"[" * 100_000 + b"]" * 100_000), FileError)


def test_an_error_never_quotes_the_text() -> None:
    assert "secret" not in str(decode_json(b'{"secret": "of Jane", }'))
