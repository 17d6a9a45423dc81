"""Journal keys: equal for equal work, different for anything that changes the result."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from memory_journal import MemoryJournal

from ai_catalyst.engine import Journal, journal_key

PARTS = st.tuples(st.text(), st.integers() | st.text(), st.binary(), st.binary() | st.text())


@given(one=PARTS, other=PARTS)
def test_different_work_has_a_different_key(
    one: tuple[str, int | str, bytes, bytes | str], other: tuple[str, int | str, bytes, bytes | str]
) -> None:
    assert len(journal_key(*one)) == 32
    assert journal_key(*one) == journal_key(*one)
    assume([_bytes(part) for part in one] != [_bytes(part) for part in other])
    assert journal_key(*one) != journal_key(*other)


def _bytes(part: object) -> bytes:
    return part if isinstance(part, bytes) else str(part).encode()


def test_what_stands_where_matters() -> None:
    assert journal_key("a", "bc", b"", b"") != journal_key("ab", "c", b"", b"")
    assert journal_key("a", 1, b"x", b"y") != journal_key("a", 1, b"", b"xy")


def test_the_journal_of_the_tests_keeps_to_the_protocol() -> None:
    journal: Journal = MemoryJournal()  # mypy checks it too
    assert journal is not None
