"""Jobs of the app: durable, resumable, cancelled with an answer for every file; no Streamlit."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.pdf.job import Job, Work
from ai_catalyst.pdf.job_folder import JobFolder, forget_uploads
from ai_catalyst.pdf.jobs import MOST_RESUMED, Jobs, failed
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.repository import ExtractionRepository
from ai_catalyst.pdf.result import BatchResult


class Processor:
    """Answers by what a file holds: ``wait`` waits until it is let go, ``raise`` raises."""

    def __init__(self, repository: ExtractionRepository | None = None) -> None:
        self.repository = repository
        self.calls: list[str] = []
        self.go = threading.Event()

    async def process_file(
        self, file: object, extractor: object, fields: object, method: str
    ) -> BatchResult:
        name, kind = file.name, Path(file.path).read_text()  # type: ignore[attr-defined]
        self.calls.append(name)
        while kind == "wait" and not self.go.is_set():
            await asyncio.sleep(0.005)
        if kind == "raise":
            raise RuntimeError("odd")
        if kind == "bad":
            return BatchResult(name, method=method, error="is broken", outcome="MALFORMED")
        found = Extraction(
            {"number": "1", "kind": kind}, {"number": Evidence(1, "1", None, 1, "l")}
        )
        db_id = None
        if self.repository is not None:
            pages = [PageText(1, kind, kind)]
            db_id = await self.repository.save(name, kind * 8, pages, found, "OK", method)
        shown = "other.pdf" if kind == "odd" else name
        return BatchResult(shown, True, dict(found.data), db_id=db_id, method=method, pages=2,
                           evidence=found.evidence)  # fmt: skip


def maker(processor: Processor) -> Callable:
    @contextlib.asynccontextmanager
    async def make(order: object) -> AsyncIterator[Work]:
        yield Work(processor, None, ["number"], order.method)  # type: ignore[attr-defined]

    return lambda repository: make


class App:
    """Registries on one folder, closed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processor = Processor()
        self.opened: list[Jobs] = []

    def jobs(self, processor: Processor | None = None) -> Jobs:
        repository = ExtractionRepository(self.folder / "a.db")
        processor = processor or self.processor
        processor.repository = repository
        self.opened.append(Jobs(maker(processor), root=self.folder / "jobs", repository=repository))
        return self.opened[-1]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App(tmp_path)
    yield made
    made.processor.go.set()
    for jobs in made.opened:
        jobs.close()


def begun(jobs: Jobs, *kinds: str) -> Job:
    job = jobs.draft()
    for number, kind in enumerate(kinds):
        jobs.add(job, f"{number}-{kind}.pdf", io.BytesIO(kind.encode()))
    jobs.start(job, fields="[number]", method="classic")
    return job


def until(check: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def ended(job: Job) -> str:
    until(lambda: job.progress().state != "running")
    return job.progress().state


def test_every_file_gets_one_result_in_upload_order(app: App) -> None:
    job = begun(app.jobs(), "ok", "bad", "odd", "raise", "ok")
    assert ended(job) == "done"
    results = [result for result in job.results() if result]
    assert [result.success for result in results] == [True, False, False, False, True]
    assert [result.file_name for result in results][:2] == ["0-ok.pdf", "1-bad.pdf"]
    assert list(failed(job.results())) == [1, 2, 3]
    progress = job.progress()
    assert (progress.done, progress.total, progress.failed, progress.fraction) == (5, 5, 3, 1.0)


def test_progress_counts_the_pages_of_what_is_being_read(app: App) -> None:
    job = begun(app.jobs(), "wait", "ok")
    until(lambda: job.progress().done == 1)
    job._page("0-wait.pdf", 1, 4)
    progress = job.progress()
    assert progress.running == (("0-wait.pdf", 1, 4),)
    assert progress.fraction == pytest.approx(1.25 / 2)
    app.processor.go.set()
    assert ended(job) == "done"


def test_a_cancelled_job_answers_for_every_file_and_keeps_what_was_done(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "ok", "wait", "wait")
    until(lambda: job.progress().done == 1)
    jobs.cancel(job)
    assert job.progress().state == "cancelled"
    assert [result.outcome for result in job.results() if result] == [
        "OK",
        "CANCELLED",
        "CANCELLED",
    ]
    app.processor.go.set()
    jobs.retry(job, list(failed(job.results())))
    assert ended(job) == "done"
    assert all(result and result.success for result in job.results())


def test_a_closed_app_goes_on_with_what_was_open_and_does_nothing_twice(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "ok", "wait")
    until(lambda: job.progress().done == 1)
    jobs.close()
    second = Processor()
    again = app.jobs(second).find(job.id)
    second.go.set()
    assert ended(again) == "done"
    assert second.calls == ["1-wait.pdf"]
    assert all(result and result.success for result in again.results())


KILLED = """
import contextlib, io, os, sys, asyncio
from pathlib import Path
from ai_catalyst.pdf.job import Work
from ai_catalyst.pdf.jobs import Jobs
from ai_catalyst.pdf.repository import ExtractionRepository
from ai_catalyst.pdf.result import BatchResult

class Processor:
    async def process_file(self, file, extractor, fields, method):
        if Path(file.path).read_text() == "wait":
            await asyncio.sleep(60)
        return BatchResult(file.name, True, {"number": "1"})

@contextlib.asynccontextmanager
async def make(order):
    yield Work(Processor(), None, None, "classic")

folder = Path(sys.argv[1])
jobs = Jobs(lambda r: make, root=folder / "jobs", repository=ExtractionRepository(folder / "a.db"))
job = jobs.draft()
for kind in ("ok", "wait", "ok"):
    jobs.add(job, f"{kind}.pdf", io.BytesIO(kind.encode()))
jobs.start(job, fields="[number]", method="classic")
while job.progress().done < 2:
    pass
print(job.id, flush=True)
sys.stdin.read()
"""


def test_a_killed_app_loses_nothing_and_goes_on_when_it_is_started_again(app: App) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(app.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        job_id = process.stdout.readline().strip()
        elsewhere = app.jobs().find(job_id)
        assert elsewhere.progress().state == "elsewhere"
        process.kill()
    app.processor.go.set()
    # Its workers die with it, a moment later, and hold its lock until then.
    until(lambda: app.opened[0].find(job_id).progress().state != "elsewhere")
    job = app.opened[0].find(job_id)
    assert ended(job) == "done"
    assert app.processor.calls == ["wait.pdf"]
    assert [result.file_name for result in job.results() if result] == [
        "ok.pdf",
        "wait.pdf",
        "ok (2).pdf",
    ]


def test_a_job_that_was_under_way_at_several_deaths_waits_for_a_person(app: App) -> None:
    job = begun(app.jobs(), "wait")
    app.opened[0].close()
    job.folder.write(resumed=MOST_RESUMED)
    jobs = app.jobs()
    found = jobs.find(job.id)
    assert found.progress().state == "stopped"
    app.processor.go.set()
    jobs.resume(found)
    assert ended(found) == "done"


def test_an_id_that_is_none_is_refused_without_touching_the_disk(app: App, tmp_path: Path) -> None:
    jobs = app.jobs()
    (tmp_path / "order.json").write_text("{}")
    for odd in ("", "..", "../..", "x" * 16, "a/b", "\x00" * 16, "x" * 5000):
        with pytest.raises(UserError, match="not here any more"):
            jobs.find(odd)


def test_a_damaged_job_is_named(app: App) -> None:
    jobs = app.jobs()
    job = jobs.draft()
    (job.folder.path / "order.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        app.jobs().find(job.id)
    assert app.jobs().recent() == []


def test_names_of_uploads_are_harmless_and_unique(app: App) -> None:
    jobs = app.jobs()
    job = jobs.draft()
    names = ["../../etc/x.pdf", "C:\\tmp\\x.pdf", "a\x1b[31m\nb.pdf", "", "x", "x"]
    shown = [jobs.add(job, name, io.BytesIO(b"x")).name for name in names]
    assert shown == ["x.pdf", "x (2).pdf", "a b.pdf", "document.pdf", "x", "x (2)"]
    assert {Path(one.path).parent for one in job.folder.uploads} == {job.folder.path / "files"}
    jobs.drop(job, 0)
    assert len(list((job.folder.path / "files").iterdir())) == 5


def test_uploads_are_for_the_owner_only_and_go_with_the_job(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "ok")
    assert ended(job) == "done"
    assert job.folder.path.stat().st_mode & 0o077 == 0
    jobs.forget(job)
    assert not job.folder.path.exists()
    assert jobs.repository.count_sync() == 1
    with pytest.raises(UserError):
        jobs.find(job.id)


def test_a_correction_is_kept_in_job_and_history_and_holds_in_a_later_run(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "ok")
    assert ended(job) == "done"
    jobs.correct(job, 0, "number", "77", who="Jane")
    (result,) = job.results()
    assert result is not None
    assert result.data["number"] == "77"
    saved = jobs.repository.get_sync(result.db_id or 0)
    assert (saved.data["number"], saved.original["number"]) == ("77", "1")
    assert JobFolder.open(jobs.root, job.id).results()[0].data["number"] == "77"
    jobs.retry(job, [0])
    assert ended(job) == "done"
    (again,) = job.results()
    assert again is not None
    assert again.data["number"] == "77"


def test_two_users_who_correct_the_same_value_are_told_and_see_what_holds(app: App) -> None:
    jobs = app.jobs()
    first, second = begun(jobs, "ok"), begun(jobs, "ok")
    assert ended(first) == ended(second) == "done"
    jobs.correct(first, 0, "number", "77", who="Jane")
    with pytest.raises(StoreError, match="was changed by Jane"):
        jobs.correct(second, 0, "number", "78", who="John")
    (result,) = second.results()
    assert result is not None
    assert result.data["number"] == "77"
    jobs.correct(second, 0, "number", "78", who="John")
    assert jobs.repository.get_sync(result.db_id or 0).data["number"] == "78"


def test_two_users_at_once_do_not_get_in_each_others_way(app: App) -> None:
    jobs = app.jobs()
    found: list[Job] = []

    def use() -> None:
        found.append(begun(jobs, "ok", "bad", "ok"))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ended(job) for job in found] == ["done"] * 4
    assert len({job.id for job in found}) == 4
    assert len(jobs.recent()) == 4


def test_a_job_cannot_be_begun_or_changed_twice(app: App) -> None:
    jobs = app.jobs()
    with pytest.raises(UserError, match="no files yet"):
        jobs.start(jobs.draft(), fields="x", method="classic")
    job = begun(jobs, "wait")
    with pytest.raises(UserError, match="begun already"):
        jobs.start(job, fields="x", method="classic")
    with pytest.raises(UserError, match="begun already"):
        jobs.add(job, "x.pdf", io.BytesIO(b"x"))
    with pytest.raises(UserError, match="still runs"):
        jobs.retry(job, [0])
    app.processor.go.set()
    assert ended(job) == "done"


def test_what_cannot_be_done_at_all_is_said_and_can_be_resumed(app: App) -> None:
    def refuse(repository: object) -> Callable:
        @contextlib.asynccontextmanager
        async def make(order: object) -> AsyncIterator[Work]:
            raise UserError("there is no model here")
            yield

        return make

    jobs = Jobs(refuse, root=app.folder / "jobs", repository=ExtractionRepository(app.folder / "b"))
    app.opened.append(jobs)
    job = begun(jobs, "ok")
    assert ended(job) == "stopped"
    assert job.progress().error == "there is no model here"


def test_a_full_disk_refuses_the_upload_by_name_and_leaves_nothing_half(app: App) -> None:
    job = app.jobs().draft()

    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        app.opened[0].add(job, "a.pdf", Full())
    assert job.folder.uploads == []
    assert not list((job.folder.path / "files").iterdir())


def test_a_full_disk_during_a_batch_stops_it_with_the_reason_and_it_can_go_on(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "wait")
    log = job.folder.path / "log.jsonl"
    log.symlink_to("/dev/full")
    app.processor.go.set()
    assert ended(job) == "stopped"
    assert "No space left" in (job.progress().error or "")
    log.unlink()
    jobs.resume(job)
    assert ended(job) == "done"


def test_a_line_that_a_crash_cut_is_left_out(app: App) -> None:
    job = begun(app.jobs(), "ok", "ok")
    assert ended(job) == "done"
    log = job.folder.path / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    assert list(JobFolder.open(app.opened[0].root, job.id).results()) == [0]


def test_drafts_that_nobody_came_back_to_are_removed(app: App) -> None:
    jobs = app.jobs()
    old, new = jobs.draft(), jobs.draft()
    old.folder.write(created=0.0)
    app.jobs()
    assert not old.folder.path.exists()
    assert new.folder.path.exists()


def test_forgetting_a_name_erases_its_upload_and_result(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "ok", "bad")
    assert ended(job) == "done"
    until(lambda: job.id not in jobs._held)
    assert forget_uploads("0-ok.pdf", None, jobs.root) == 1
    again = JobFolder.open(jobs.root, job.id)
    assert [upload.name for upload in again.uploads] == ["1-bad.pdf"]
    assert again.results()[0].outcome == "MALFORMED"
    everything = b"".join(path.read_bytes() for path in job.folder.path.rglob("*.jsonl"))
    assert b"0-ok.pdf" not in everything
    assert len(os.listdir(job.folder.path / "files")) == 1
    assert forget_uploads(None, time.time() + 10, jobs.root) == 1
    assert not job.folder.path.exists()


def test_what_is_forgotten_elsewhere_is_gone_from_the_running_app(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "ok", "bad")
    assert ended(job) == "done"
    until(lambda: job.id not in jobs._held)
    assert forget_uploads("0-ok.pdf", None, jobs.root) == 1
    again = jobs.find(job.id)
    assert [upload.name for upload in again.folder.uploads] == ["1-bad.pdf"]
    assert again.progress().state == "done"
    assert forget_uploads("1-bad.pdf", None, jobs.root) == 1
    with pytest.raises(UserError, match="not here any more"):
        jobs.find(job.id)


def test_what_an_app_is_working_on_is_not_forgotten_behind_its_back(app: App) -> None:
    jobs = app.jobs()
    job = begun(jobs, "wait")
    with pytest.raises(StoreError, match="cancel that batch"):
        forget_uploads("0-wait.pdf", None, jobs.root)
    app.processor.go.set()
    assert ended(job) == "done"


def test_what_runs_knows_nothing_of_streamlit() -> None:
    from ai_catalyst.pdf import job, job_folder, jobs, page_image

    for module in (job, job_folder, jobs, page_image):
        assert "streamlit" not in Path(str(module.__file__)).read_text().replace("of Streamlit", "")
