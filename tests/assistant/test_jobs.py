"""Jobs: leased, finished once, cancelled, resumed by another, told in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ai_catalyst.assistant.documents.repository import DocumentRow, Documents
from ai_catalyst.assistant.jobs.repository import ATTEMPTS, Finished, Jobs
from ai_catalyst.store.scripts import Driver, open_driver
from ai_catalyst.store.search import NewPassage, PassageSearch


@pytest.fixture
async def driver(either) -> AsyncIterator[Driver]:
    either.home.mkdir(parents=True, exist_ok=True)
    driver = open_driver(either.database_url or either.home / "catalyst.db")
    yield driver
    await driver.close()


def rows(count: int) -> list[DocumentRow]:
    return [DocumentRow(f"d{n:04}", "sam", f"{n}.txt", created=1.0) for n in range(count)]


def read(text: str = "zebra") -> Finished:
    return Finished("A title", "txt", 1, [NewPassage(text)])


async def test_two_workers_share_a_job_and_finish_each_item_once(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(50))

    async def work(holder: str) -> int:
        done = 0
        while leases := await jobs.lease(holder, 3, 60):
            for lease in leases:
                done += await jobs.finish(lease, read())
        return done

    assert sum(await asyncio.gather(*(work(f"w{n}") for n in range(4)))) == 50
    job = await jobs.get("j", "sam")
    assert (job.status, job.done, job.failed) == ("done", 50, 0)
    assert await PassageSearch(driver).count("sam") == 50


async def test_what_a_dead_worker_held_is_done_by_another_and_not_doubled(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(1))
    [first] = await jobs.lease("dead", 5, 60)
    assert await jobs.lease("other", 5, 60) == []
    clock.now += 61
    [second] = await jobs.lease("other", 5, 60)
    assert second.attempts == 2
    assert await jobs.finish(second, read())
    assert not await jobs.finish(first, read("from the grave"))
    assert await PassageSearch(driver).search("grave", ["sam"]) == []
    assert (await jobs.get("j", "sam")).done == 1


async def test_a_worker_that_lives_keeps_what_it_has(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(1))
    [lease] = await jobs.lease("slow", 5, 60)
    clock.now += 50
    await jobs.keep("slow", 60)
    clock.now += 50
    assert await jobs.lease("other", 5, 60) == []
    assert await jobs.finish(lease, read())


async def test_what_is_given_back_is_free_at_once_and_counts_no_attempt(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(2))
    await jobs.lease("leaving", 5, 60)
    await jobs.give_back("leaving")
    assert [lease.attempts for lease in await jobs.lease("other", 5, 60)] == [1, 1]


async def test_what_the_database_did_not_take_is_put_off_and_counts_no_attempt(
    driver, clock
) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(1))
    for _ in range(ATTEMPTS + 2):
        [lease] = await jobs.lease("w", 5, 60)
        assert lease.attempts == 1
        await jobs.put_off(lease, 5)
        assert await jobs.lease("w", 5, 60) == []
        clock.now += 6
    [lease] = await jobs.lease("w", 5, 60)
    assert await jobs.finish(lease, read())


async def test_a_cancelled_job_takes_nothing_more_and_keeps_what_was_read(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(3))
    held = await jobs.lease("w", 2, 60)
    await jobs.finish(held[0], read())
    assert not await jobs.cancel("j", "eve")
    assert await jobs.cancel("j", "sam")
    assert not await jobs.cancel("j", "sam")
    assert not await jobs.finish(held[1], read("too late"))
    assert await jobs.lease("w", 5, 60) == []
    job = await jobs.get("j", "sam")
    assert (job.status, job.done) == ("cancelled", 1)
    statuses = sorted(row.status for row in await Documents(driver).of("sam", 10))
    assert statuses == ["cancelled", "cancelled", "ready"]


async def test_events_rise_and_can_be_taken_up_anywhere(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(3))
    for lease in await jobs.lease("w", 5, 60):
        await jobs.finish(lease, Finished(error="bad") if lease.position == 1 else read())
    events = await jobs.events("j", 0)
    assert [one.event for one in events] == [
        "queued",
        "started",
        "document_ready",
        "document_failed",
        "document_ready",
        "done",
    ]
    assert [one.id for one in events] == sorted({one.id for one in events})
    for place in range(len(events)):
        assert await jobs.events("j", events[place].id) == events[place + 1 :]


async def test_a_document_erased_while_it_waits_does_not_hold_up_its_job(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(2))
    assert not await jobs.remove_document("d0000", "eve")
    assert await jobs.remove_document("d0000", "sam")
    [lease] = await jobs.lease("w", 5, 60)
    await jobs.finish(lease, read())
    job = await jobs.get("j", "sam")
    assert (job.status, job.total, job.done) == ("done", 1, 1)


async def test_a_job_of_failures_has_failed(driver, clock) -> None:
    jobs = Jobs(driver, clock=clock)
    await jobs.add("j", "sam", rows(2))
    for lease in await jobs.lease("w", 5, 60):
        await jobs.finish(lease, Finished(error="bad"))
    job = await jobs.get("j", "sam")
    assert (job.status, job.failed, job.error) == ("failed", 2, "2 of 2 could not be read")


async def test_what_kills_its_readers_is_given_up(served) -> None:
    jobs, clock = served.service.jobs, served.service.clock
    await jobs.add("j", "sam", rows(1))
    for _ in range(ATTEMPTS + 3):
        for lease in await jobs.lease("dies", 1, -1):
            assert lease.attempts > 0
        await asyncio.sleep(0)
    served.service.worker.wake()
    async for event in _events(jobs, "j"):
        if event.event == "document_failed":
            assert "died" in event.data["error"]
            break
    assert clock() > 0


async def _events(jobs, job: str):
    after = 0
    while True:
        for event in await jobs.events(job, after):
            after = event.id
            yield event
        await asyncio.sleep(0.02)


async def test_a_stream_taken_up_again_misses_and_doubles_nothing(served) -> None:
    headers = await served.person("sam")
    accepted = await served.upload(headers, a_txt=b"zebra", b_txt=b"lion", c_txt=b"okapi")
    path = f"/api/v1/jobs/{accepted['job_id']}/events"
    whole = ids_of((await served.http.get(path, headers=headers)).text)
    assert len(whole) == 6
    for place, last in enumerate(whole):
        rest = await served.http.get(path, headers={**headers, "Last-Event-ID": last})
        assert ids_of(rest.text) == whole[place + 1 :]


def ids_of(text: str) -> list[str]:
    return [line[4:] for line in text.splitlines() if line.startswith("id: ")]
