"""Near-duplicates: what shares most of its words is grouped, what only shares a topic is not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.analysis.similar import BINS, Groups, alike, sketch

WORDS = [f"word{number}" for number in range(2000)]


def text(start: int, count: int = 400) -> str:
    return " ".join(WORDS[start : start + count])


def test_equal_texts_have_equal_sketches_whatever_their_case_and_marks() -> None:
    assert sketch("The tide rose at noon, they said.") == sketch("the TIDE rose at noon they said")


def test_a_text_of_three_words_is_like_no_other() -> None:
    assert sketch("too short text") == b""
    assert alike(b"", sketch(text(0))) == 0.0


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 400))
def test_the_sketch_tells_the_share_of_common_shingles(shift: int) -> None:
    true = (397 - shift) / (397 + shift) if shift < 397 else 0.0
    told = alike(sketch(text(0)), sketch(text(shift)))
    assert abs(told - true) <= 4.5 * (0.25 / BINS) ** 0.5


def test_a_copy_with_another_beginning_is_grouped_with_the_first() -> None:
    groups = Groups()
    assert groups.add(0, sketch(text(0))) is None
    assert groups.add(1, sketch(text(800))) is None
    assert groups.add(2, sketch("By our reporter. " + text(0))) == 0
    assert groups.add(3, sketch(text(10))) == 0
    assert groups.first_of == {2: 0, 3: 0}


def test_texts_on_one_topic_stay_apart() -> None:
    groups = Groups()
    groups.add(0, sketch(text(0)))
    assert groups.add(1, sketch(text(300))) is None
