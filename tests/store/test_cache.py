"""The cache: two tiers, times to live, damage, room, and one computation for many askers."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from ai_catalyst.errors import StoreError
from ai_catalyst.store import Cache, Store, origin
from ai_catalyst.store.disk import INLINE_BYTES, TOUCH_S


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(path: Path, clock: Clock):
    async with Store(path, cache_memory_bytes=0, clock=clock) as opened:  # so that disk is asked
        yield opened


class Answer(msgspec.Struct):
    text: str
    tokens: int


VALUES = [
    0,
    "",
    b"\0\xff",
    [],
    {"a": [1, 2.5, None, True]},
    "ü😀",
    {"n": {"m": [{}]}},
    "x" * 200_000,
]


@pytest.mark.parametrize("memory_bytes", [0, 1 << 30])
async def test_what_is_kept_comes_back_from_either_tier(path: Path, memory_bytes: int) -> None:
    async with Store(path, cache_memory_bytes=memory_bytes) as store:
        for number, value in enumerate(VALUES):
            await store.cache.set("api", str(number), value)
        assert [await store.cache.get("api", str(n)) for n in range(len(VALUES))] == VALUES
        assert await store.cache.get("other", "0") is None
    async with Store(path) as store:
        assert [await store.cache.get("api", str(n)) for n in range(len(VALUES))] == VALUES
        stats = await store.cache.stats()
        assert (stats.hits_disk, stats.hits_memory, stats.misses) == (len(VALUES), 0, 0)
        assert await store.cache.get("api", "4") == VALUES[4]
        assert (await store.cache.stats()).hits_memory == 1


async def test_without_a_disk_it_is_memory_only(tmp_path: Path) -> None:
    cache = Cache()
    await cache.set("rss", "k", [1])
    assert await cache.get("rss", "k") == [1]
    stats = await cache.stats()
    assert (stats.memory_entries, stats.disk_entries, stats.hits_memory) == (1, 0, 1)
    assert await cache.clear() == 1
    assert await cache.get("rss", "k") is None
    await cache.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_value_comes_as_the_type_that_is_asked_for(store: Store) -> None:
    await store.cache.set("api", "k", Answer("yes", 3))
    assert await store.cache.get("api", "k") == {"text": "yes", "tokens": 3}
    assert await store.cache.get("api", "k", Answer) == Answer("yes", 3)
    assert await store.cache.get("api", "k", list[int]) is None  # no longer fits: a miss


async def test_changing_a_value_changes_nothing_in_the_cache(store: Store) -> None:
    cache = Cache()
    await cache.set("api", "k", [1])
    (await cache.get("api", "k")).append(2)
    assert await cache.get("api", "k") == [1]


@pytest.mark.parametrize(
    ("kind", "ttl_s"), [("rss", 3600), ("scraped", 604_800), ("api", 2_592_000), ("odd", 604_800)]
)
async def test_each_kind_lives_as_long_as_it_should(
    store: Store, clock: Clock, kind: str, ttl_s: float
) -> None:
    memory = Cache(clock=clock)
    for cache in (store.cache, memory):
        await cache.set(kind, "k", 1)
        await cache.set(kind, "short", 1, ttl_s=5)
    clock.now += 4.9
    assert [await c.get(kind, "short") for c in (store.cache, memory)] == [1, 1]
    clock.now += 0.1
    assert [await c.get(kind, "short") for c in (store.cache, memory)] == [None, None]
    clock.now += ttl_s - 5.1
    assert [await c.get(kind, "k") for c in (store.cache, memory)] == [1, 1]
    clock.now += 0.2
    assert [await c.get(kind, "k") for c in (store.cache, memory)] == [None, None]


async def test_times_to_live_are_settings(path: Path, clock: Clock) -> None:
    async with Store(path, cache_ttl_s={"rss": 1}, clock=clock) as store:
        await store.cache.set("rss", "k", 1)
        await store.cache.set("api", "k", 1)
        clock.now += 2
        assert await store.cache.get("rss", "k") is None
        assert await store.cache.get("api", "k") == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE cache SET value = x''",
        "UPDATE cache SET value = x'00'",
        "UPDATE cache SET value = substr(value, 1, length(value) - 1)",
        "UPDATE cache SET value = value || x'00'",
        "UPDATE cache SET value = 'text'",
        "UPDATE cache SET key = 'another'",
        "UPDATE cache SET kind = 'another'",
    ],
)
async def test_a_damaged_row_is_a_miss_and_can_be_replaced(store: Store, damage: str) -> None:
    await store.cache.set("api", "k", {"some": "value"})
    await store.writer.submit(lambda c: c.execute(damage))
    assert await store.cache.get("api", "k") is None
    await store.cache.set("api", "k", 2)
    assert await store.cache.get("api", "k") == 2


async def test_a_flipped_bit_anywhere_is_a_miss(store: Store) -> None:
    await store.cache.set("api", "k", "value")
    whole = await store.read(lambda c: c.execute("SELECT value FROM cache").fetchone()[0])
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1
        await store.writer.submit(
            lambda c, b=bytes(broken): c.execute("UPDATE cache SET value = ?", (b,))
        )
        assert await store.cache.get("api", "k") is None


async def test_a_fault_of_the_file_never_stops_the_work(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store.writer, "submit", broken)
        assert await store.cache.get_or_compute("api", "k", lambda: 5) == 5
        assert await store.cache.get_or_compute("api", "l", lambda: 6) == 6
    await store.writer.submit(lambda c: c.execute("DROP TABLE cache"))
    assert await store.cache.get("api", "k") is None
    assert [record.message for record in caplog.records] == [
        "the cache on disk is left out: the disk is full"
    ]


@pytest.mark.parametrize("tiers", ["both", "memory"])
async def test_many_who_ask_at_once_share_one_computation(store: Store, tiers: str) -> None:
    cache = store.cache if tiers == "both" else Cache()
    calls = 0
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def compute() -> str:
        nonlocal calls
        calls += 1
        begun.set()
        await go_on.wait()
        return "made"

    asking = [asyncio.create_task(cache.get_or_compute("api", "k", compute)) for _ in range(9)]
    await begun.wait()
    if tiers == "memory":  # with both, the others may still be looking on disk
        asking.pop(0).cancel()
    go_on.set()
    assert await asyncio.gather(*asking) == ["made"] * len(asking)
    assert calls == 1
    assert await cache.get_or_compute("api", "k", compute) == "made"
    assert calls == 1


async def test_what_was_made_between_look_and_turn_is_not_made_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = store.cache._find

    async def look_too_early(*question: object) -> object:
        found = await look(*question)
        await store.cache.set("api", "k", "made")
        return found

    monkeypatch.setattr(store.cache, "_find", look_too_early)
    assert await store.cache.get_or_compute("api", "k", lambda: "again") == "made"


async def test_an_error_is_not_kept(store: Store) -> None:
    outcomes = iter([ValueError("first"), "second"])

    def compute() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(ValueError, match="first"):
        await store.cache.get_or_compute("api", "k", compute)
    assert await store.cache.get_or_compute("api", "k", compute) == "second"


async def test_none_is_a_value_that_need_not_be_computed_again(store: Store) -> None:
    assert await store.cache.get_or_compute("api", "k", lambda: None) is None

    def never() -> None:
        raise AssertionError

    assert await store.cache.get_or_compute("api", "k", never) is None


async def test_the_least_recently_used_leave_when_there_is_no_room(
    path: Path, clock: Clock
) -> None:
    async with Store(
        path, cache_memory_bytes=0, cache_disk_bytes=100_000, cache_ttl_s={"api": 1e9}, clock=clock
    ) as store:
        for n in range(9):
            clock.now += 1
            await store.cache.set("api", str(n), b"x" * 10_000)
        clock.now += TOUCH_S + 1
        assert await store.cache.get("api", "0")  # used again: it stays
        for n in range(9, 12):
            clock.now += 1
            await store.cache.set("api", str(n), b"x" * 10_000)
        stats = await store.cache.stats()
        assert stats.disk_bytes <= 100_000
        assert stats.evicted == stats.kinds["api"] - 12 + 2 * (12 - stats.kinds["api"])
        assert await store.cache.get("api", "0")
        assert await store.cache.get("api", "11")
        assert await store.cache.get("api", "1") is None
        await store.cache.set("api", "huge", b"x" * 100_001)
        assert await store.cache.get("api", "huge") is None


async def test_what_has_expired_leaves_before_what_is_good(path: Path, clock: Clock) -> None:
    async with Store(path, cache_memory_bytes=0, cache_disk_bytes=100_000, clock=clock) as store:
        for n in range(4):
            await store.cache.set("api", f"good{n}", b"x" * 10_000)
        for n in range(5):
            await store.cache.set("rss", f"old{n}", b"x" * 10_000)
        clock.now += 3601
        for n in range(4, 7):
            await store.cache.set("api", f"good{n}", b"x" * 10_000)
        kinds = (await store.cache.stats()).kinds
        assert kinds == {"api": 7}


async def test_clearing_a_kind_leaves_the_others_and_gives_room_back(
    store: Store, path: Path
) -> None:
    for n in range(300):
        await store.cache.set("api", str(n), b"x" * 10_000)
        await store.cache.set("rss", str(n), 1)
    await store.writer.maintain(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    before = path.stat().st_size
    assert await store.cache.clear("api") == 300
    await store.writer.maintain(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    assert path.stat().st_size < before / 4
    assert await store.cache.get("rss", "5") == 1
    assert await store.cache.get("api", "5") is None
    assert await store.cache.clear() == 300


async def test_values_are_labelled_with_the_document_being_worked_on(store: Store) -> None:
    token = origin.set("inbox/a.txt")
    await store.cache.set("api", "one", 1)
    await store.cache.get_or_compute("api", "two", lambda: 2)
    origin.reset(token)
    await store.cache.set("api", "three", 3, label="inbox/b.txt")
    await store.cache.set("api", "four", 4)
    rows = await store.read(lambda c: c.execute("SELECT key, label FROM cache").fetchall())
    assert {row[0]: row[1] for row in rows} == {
        "one": "inbox/a.txt",
        "two": "inbox/a.txt",
        "three": "inbox/b.txt",
        "four": "",
    }


async def test_odd_keys_are_kept_apart(store: Store) -> None:
    keys = ["", "k", "K", "k\0", "k\udcff", "x" * 100_000]
    for number, key in enumerate(keys):
        await store.cache.set("api", key, number)
    assert [await store.cache.get("api", key) for key in keys] == list(range(len(keys)))


async def test_what_cannot_be_encoded_is_the_caller_s_error(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.cache.set("api", "k", object())


async def test_two_stores_see_each_other_s_values(store: Store, path: Path, clock: Clock) -> None:
    async with Store(path, clock=clock) as other:
        await store.cache.set("api", "k", 1)
        assert await other.cache.get("api", "k") == 1


@dataclass
class Slow:
    """A connection that says that somebody holds the file."""

    def execute(self, *_: object) -> None:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    def close(self) -> None:
        pass


async def test_a_busy_file_is_a_miss_not_a_wait(store: Store) -> None:
    await store.cache.set("api", "k", 1)
    assert await store.cache.get("api", "k") == 1
    disk = store.cache._disk
    held, disk._connection = disk._connection, Slow()
    assert await store.cache.get("api", "k") is None
    disk._connection = held
    assert await store.cache.get("api", "k") == 1


async def test_a_large_value_is_read_by_a_thread(store: Store) -> None:
    await store.cache.set("api", "k", b"x" * (INLINE_BYTES + 1))
    assert await store.cache.get("api", "k") == b"x" * (INLINE_BYTES + 1)
    assert store.readers._desk.running > 0


async def test_after_close_the_cache_on_disk_is_left_out(path: Path) -> None:
    store = Store(path)
    await store.cache.set("api", "k", 1)
    await store.close()
    await store.close()
    assert await store.cache.get("api", "k") == 1  # from memory
    assert await store.cache.get("api", "other") is None
