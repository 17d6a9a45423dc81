"""Work for a journal, and the answers it gives."""

from __future__ import annotations

from ai_catalyst.engine.journal import Claim, Entry, State, journal_key

LEASED, BUSY = Claim(State.LEASED), Claim(State.BUSY)


def entries(count: int, *, prefix: str = "item") -> list[Entry]:
    names = [f"{prefix}-{i}" for i in range(count)]
    return [Entry(journal_key("read", 1, b"", name), f"{name}.txt") for name in names]


def done(value: bytes) -> Claim:
    return Claim(State.DONE, value)
