"""Events are read from a stream however its bytes are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.llm.wires.sse import EventStream

STREAM = (
    '\ufeffdata: {"a": 1}\n\n'
    ": a comment\n\n"
    'event: ping\ndata: {"type": "ping"}\n\n'
    "id: 7\nretry: 10\ndata: first\ndata: second\n\n"
    "data:no space\n\n"
    "data: grüße 🎈\n\n"
    "\n"
    "data\n\n"
    "data: [DONE]\n\n"
).encode()
EXPECTED = [
    b'{"a": 1}',
    b'{"type": "ping"}',
    b"first\nsecond",
    b"no space",
    "grüße 🎈".encode(),
    b"",
    b"[DONE]",
]


def read(parts: list[bytes]) -> list[bytes]:
    stream = EventStream()
    found = [data for part in parts for data in stream.feed(part)]
    return found + stream.finish()


@given(st.lists(st.integers(0, len(STREAM)), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_cut_and_any_line_end_give_the_same_events(cuts: list[int], end: bytes) -> None:
    text = STREAM.replace(b"\n", end)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[a:b] for a, b in itertools.pairwise(places)]
    assert read(parts) == EXPECTED


def test_one_byte_at_a_time_gives_the_same_events() -> None:
    text = STREAM.replace(b"\n", b"\r\n")
    assert read([text[at : at + 1] for at in range(len(text))]) == EXPECTED


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert read([b"data: one\n\ndata: two\n"]) == [b"one", b"two"]
    assert read([b"data: one\n\ndata: two"]) == [b"one", b"two"]


def test_an_event_without_an_end_is_not_collected_for_ever() -> None:
    stream = EventStream()
    with pytest.raises(ValueError, match="without an end"):
        for _ in range(100):
            stream.feed(b"data: " + b"x" * 2**20)
