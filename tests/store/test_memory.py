"""The memory tier: never more bytes than allowed, and the least recently used leaves first."""

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.store.memory import Memory, Slot


def slot(size: int, expires: float = 100.0, label: str = "") -> Slot:
    return Slot(b"x" * size, expires, label)


COST = slot(0).cost


def test_the_least_recently_used_leaves_first() -> None:
    memory = Memory(3 * (COST + 10))
    for key in "abc":
        memory.put(("k", key), slot(10))
    assert memory.get(("k", "a"), 0)
    memory.put(("k", "d"), slot(10))
    assert [memory.get(("k", key), 0) is not None for key in "abcd"] == [True, False, True, True]
    assert memory.evicted == 1


def test_what_has_expired_is_not_there_and_takes_no_room() -> None:
    memory = Memory(10_000)
    memory.put(("k", "a"), slot(10, expires=5))
    assert memory.get(("k", "a"), 4.9)
    assert memory.get(("k", "a"), 5) is None
    assert (len(memory), memory.bytes) == (0, 0)


def test_what_is_larger_than_all_the_room_is_not_kept_and_drives_nobody_out() -> None:
    memory = Memory(1000)
    memory.put(("k", "a"), slot(10))
    memory.put(("k", "b"), slot(1000))
    assert memory.get(("k", "a"), 0)
    assert memory.get(("k", "b"), 0) is None
    memory.put(("k", "a"), slot(1000))  # and its older value is not good any more
    assert memory.get(("k", "a"), 0) is None


def test_some_can_be_dropped_by_label() -> None:
    memory = Memory(10_000)
    memory.put(("k", "a"), slot(1, label="x"))
    memory.put(("k", "b"), slot(1, label="y"))
    assert memory.drop(lambda _, kept: kept.label == "x") == 1
    assert memory.get(("k", "a"), 0) is None
    assert memory.get(("k", "b"), 0)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 600))), st.integers(0, 3000))
def test_it_never_holds_more_than_allowed(puts: list[tuple[str, int]], limit: int) -> None:
    memory = Memory(limit)
    for key, size in puts:
        memory.put(("k", key), slot(size))
        assert memory.bytes <= limit
    held = [memory.get(("k", key), 0) for key in "abcdefgh"]
    assert memory.bytes == sum(len(value) + COST for value in held if value is not None)
    if puts and slot(puts[-1][1]).cost <= limit:
        assert memory.get(("k", puts[-1][0]), 0) == b"x" * puts[-1][1]
