"""The SQLite journal: leases, commits, resuming, and what other processes see."""

from pathlib import Path

from ai_catalyst.engine.journal import Claim, Entry, State, journal_key
from ai_catalyst.store import Store


def entries(count: int, *, prefix: str = "item") -> list[Entry]:
    return [
        Entry(journal_key("read", 1, b"", f"{prefix}-{i}"), f"{prefix}-{i}.txt")
        for i in range(count)
    ]


async def test_what_is_committed_is_done_for_the_next_run(tmp_path: Path) -> None:
    work = entries(300)
    async with Store(tmp_path / "c.db") as store:
        journal = store.journal("r1", "read")
        assert await journal.lease(work) == [Claim(State.LEASED)] * 300
        await journal.commit([(e.key, e.label.encode()) for e in work[:200]])
        await journal.fail([(e.key, "FileError: no such file") for e in work[200:250]])
    async with Store(tmp_path / "c.db") as store:
        journal = store.journal("r2", "read")
        claims = await journal.lease(work)
        assert claims[:200] == [Claim(State.DONE, e.label.encode()) for e in work[:200]]
        assert {claim.state for claim in claims[200:]} == {State.LEASED}
        assert await journal.failed_labels() == [e.label for e in work[200:250]]
