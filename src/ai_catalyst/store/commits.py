"""The writer's thread: it takes what was submitted, commits it as a group, and answers.

Each submission of a group stands in a savepoint of its own, so that one's failure hurts no other.
SQLite takes back the whole transaction on some errors (a full disk); then each submission is tried
once more by itself.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from ai_catalyst.errors import StoreError
from ai_catalyst.store.connect import open_writer
from ai_catalyst.store.delivery import Letter, deliver
from ai_catalyst.store.faults import explain, is_busy
from ai_catalyst.store.place import prepare
from ai_catalyst.store.schema import make_ready

__all__ = ["Chore", "Desk", "Job", "refuse_rest", "serve"]

T = TypeVar("T")

GROUP = 256
"""Submissions in one transaction at the most."""
GATHER_S = 0.004
"""How long a transaction takes in what arrives while it runs."""
_TRY_S = 0.05


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """Something to run, and the letter its answer goes by; ``alone`` outside any transaction."""

    run: Callable[[sqlite3.Connection], T]
    letter: Letter[T]
    alone: bool = False


@dataclass(slots=True, eq=False)
class Chore:
    """Something the writer does by itself every ``every_s`` seconds."""

    run: Callable[[sqlite3.Connection], object]
    every_s: float
    due: float


@dataclass(slots=True, eq=False)
class Desk:
    """What the thread works on; it knows nothing of its `Writer`, which may be dropped."""

    path: Path
    busy_s: float
    jobs: SimpleQueue[Job[Any] | None] = field(default_factory=SimpleQueue)
    aside: list[Job[Any] | None] = field(default_factory=list)  # taken, and left for the next time
    chores: list[Chore] = field(default_factory=list)
    farewells: list[Callable[[sqlite3.Connection], object]] = field(default_factory=list)
    undos: list[Callable[[], object]] = field(default_factory=list)
    transactions: int = 0
    ending: threading.Lock = field(default_factory=threading.Lock)
    ended: bool = False
    is_open: bool = False
    goodbyes: list[Letter[None]] = field(default_factory=list)


def serve(desk: Desk) -> None:
    """Serve the desk until it is told to end; the thread's whole life."""
    connection: sqlite3.Connection | None = None
    while True:
        group, last = _take(desk, connection is not None)
        if group and connection is None:
            try:
                connection = _open(desk)
                desk.is_open = True
            except BaseException as error:  # noqa: BLE001 - it is the submitters' to see
                _refuse(group, error)
                group = []
        if connection is not None:
            try:
                if group:
                    _serve(desk, connection, group)
                _do_chores(desk, connection)
            except BaseException as error:  # noqa: BLE001 - the thread must outlive any error
                _refuse(group, error)
        group = []  # what it refers to must not live until the next one comes
        if last:
            break
    _end(desk, connection)


def _end(desk: Desk, connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        for farewell in desk.farewells:
            with contextlib.suppress(Exception):
                _alone_in_transaction(desk, connection, farewell)
        with contextlib.suppress(sqlite3.Error):
            connection.close()
    with desk.ending:
        desk.ended = True
    refuse_rest(desk)
    deliver(desk.goodbyes)


def refuse_rest(desk: Desk) -> None:
    """Answer what was submitted too late."""
    with contextlib.suppress(Empty):
        while True:
            job = desk.jobs.get_nowait()
            if job is not None:
                _refuse([job], StoreError(f"the store {desk.path} is closed"))


def _open(desk: Desk) -> sqlite3.Connection:
    prepare(desk.path)
    make_ready(desk.path)
    try:
        return open_writer(desk.path, busy_s=_TRY_S)
    except sqlite3.Error as error:
        raise explain(error, desk.path) from error


def _take(desk: Desk, is_open: bool) -> tuple[list[Job[Any]], bool]:
    """Wait for the first job and take those that came with it; True when told to end."""
    wait: float | None = None
    if is_open and desk.chores:
        wait = max(0.0, min(chore.due for chore in desk.chores) - time.monotonic())
    try:
        job = desk.aside.pop() if desk.aside else desk.jobs.get(timeout=wait)
    except Empty:
        return [], False
    if job is None:
        return [], True
    return _drain(desk, [job])


def _drain(desk: Desk, group: list[Job[Any]]) -> tuple[list[Job[Any]], bool]:
    while len(group) < GROUP and not group[-1].alone:
        try:
            job = desk.jobs.get_nowait()
        except Empty:
            break
        if job is None:
            return group, True
        group.append(job)
    return group, False


def _refuse(group: list[Job[Any]], error: BaseException) -> None:
    for job in group:
        job.letter.fail(error)
    deliver([job.letter for job in group])


def _serve(desk: Desk, connection: sqlite3.Connection, group: list[Job[Any]]) -> None:
    """Commit a group; when the whole transaction is lost, each job once more by itself."""
    alone = group.pop() if group[-1].alone else None
    if group and not _commit(desk, connection, group):
        for job in group if len(group) > 1 else ():
            _commit(desk, connection, [job])
    if alone is not None:
        try:
            alone.letter.fill(_complete(alone.run(connection)))
        except BaseException as error:  # noqa: BLE001 - it is the submitter's to see
            _roll_back(desk, connection)
            alone.letter.fail(explain(error, desk.path))
        deliver([alone.letter])


def _commit(desk: Desk, connection: sqlite3.Connection, group: list[Job[Any]]) -> bool:
    """Run a group in one transaction; False when nothing of it is in the file."""
    try:
        _begin(desk, connection)
        single = len(group) == 1
        until = time.monotonic() + GATHER_S
        for job in group:  # grows while it is walked
            _run(desk, connection, job, savepoint=not single)
            if not single and job is group[-1] and time.monotonic() < until:
                _gather(desk, group)
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 - it is the submitters' to see
        _roll_back(desk, connection)
        mapped = explain(error, desk.path)
        for job in group:
            if len(group) > 1:
                job.letter.empty()
            elif not job.letter.failed:
                job.letter.fail(mapped)
        if len(group) == 1:
            deliver([group[0].letter])
        return False
    desk.transactions += 1
    desk.undos.clear()
    deliver([job.letter for job in group])
    return True


def _gather(desk: Desk, group: list[Job[Any]]) -> None:
    """Take in what arrived meanwhile, as long as it can share the transaction."""
    while len(group) < GROUP:
        try:
            job = desk.jobs.get_nowait()
        except Empty:
            return
        if job is None or job.alone:
            desk.aside.append(job)
            return
        group.append(job)


class _Lost(Exception):
    """Raised when SQLite has taken back the whole transaction."""


def _run(desk: Desk, connection: sqlite3.Connection, job: Job[Any], *, savepoint: bool) -> None:
    before = len(desk.undos)
    if savepoint:
        connection.execute("SAVEPOINT job")
    try:
        value = _complete(job.run(connection))
    except BaseException as error:
        job.letter.fail(explain(error, desk.path))
        if not savepoint or not connection.in_transaction:
            raise _Lost from error
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        _remember(desk, before)
        return
    if not connection.in_transaction:
        job.letter.fail(RuntimeError("a submission must not end its transaction"))
        raise _Lost
    if savepoint:
        connection.execute("RELEASE job")
    job.letter.fill(value)


def _complete(value: T) -> T:
    """End a statement that was handed back half read: it would be in the way of the commit."""
    if isinstance(value, sqlite3.Cursor):
        value.close()
    return value


def _begin(desk: Desk, connection: sqlite3.Connection) -> None:
    """Take the write lock, sharing it fairly with other processes: short tries, random pauses."""
    deadline = time.monotonic() + desk.busy_s
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.0005, 0.004))  # noqa: S311 - a pause, not a secret


def _roll_back(desk: Desk, connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    _remember(desk, 0)


def _remember(desk: Desk, before: int) -> None:
    """Take memory back to where it was."""
    while len(desk.undos) > before:
        desk.undos.pop()()


def _do_chores(desk: Desk, connection: sqlite3.Connection) -> None:
    now = time.monotonic()
    for chore in desk.chores:
        if chore.due <= now:
            chore.due = now + chore.every_s
            with contextlib.suppress(Exception):
                _alone_in_transaction(desk, connection, chore.run)


def _alone_in_transaction(
    desk: Desk, connection: sqlite3.Connection, run: Callable[[sqlite3.Connection], object]
) -> None:
    try:
        _begin(desk, connection)
        run(connection)
        connection.execute("COMMIT")
        desk.undos.clear()
    except BaseException:
        _roll_back(desk, connection)
        raise
