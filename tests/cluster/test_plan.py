"""From sources to shards."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.cluster.plan import GROWTH, MOST, TARGET_S, Pace, Plan
from ai_catalyst.errors import UserError


def test_the_first_shards_are_small_and_grow_to_what_takes_so_long() -> None:
    pace = Pace(32, hands=4)
    sizes = []
    for _ in range(8):
        sizes.append(pace.size(None))
        pace.heard(sizes[-1], sizes[-1] / 10)  # ten a second
    assert sizes[:3] == [32, 32 * GROWTH, 32 * GROWTH**2]
    assert sizes[-1] == 10 * TARGET_S


def test_slow_documents_come_in_small_shards_at_once() -> None:
    pace = Pace(4, hands=2)
    for _ in range(3):
        pace.heard(256, 25.6)
    pace.heard(256, 512)
    assert pace.size(None) == TARGET_S / 2


def test_near_the_end_every_hand_gets_a_share_of_what_is_left() -> None:
    pace = Pace(8, hands=4)
    for _ in range(6):
        pace.heard(100_000, 1)
    assert pace.size(800) == 100
    assert pace.size(3) == 8


@given(st.integers(1, 100_000), st.integers(1, 64), st.integers(1, 64), st.floats(0.001, 10))
def test_everything_is_handed_out_in_few_shards(
    sources: int, first: int, hands: int, each_s: float
) -> None:
    pace, left, shards = Pace(first, hands), sources, 0
    while left:
        size = min(left, pace.size(left))
        assert size >= min(first, left)
        pace.heard(size, size * each_s)
        left -= size
        shards += 1
    by_time = sources * max(each_s, TARGET_S / MOST) / TARGET_S
    assert shards <= 2 * max(by_time, sources / first) + 1


async def test_places_are_numbered_in_source_order_and_looked_up_ahead(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text("text")
    plan = Plan([tmp_path, "nowhere.txt"])
    assert plan.left is None
    await plan.look_ahead(1)
    assert plan.left == plan.known == 3
    taken = plan.take(2) + plan.take(2)
    assert [number for number, _ in taken] == [0, 1, 2]
    assert [Path(one.uri).name for _, one in taken] == ["a.txt", "b.txt", "nowhere.txt"]
    assert [one.kind for _, one in taken] == ["file", "file", "bad"]


def test_standard_input_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="standard input"):
        Plan(["a.txt", "-"])
