"""Files are read in order, written whole or not at all, and appended without interleaving."""

import asyncio
import csv
import errno
import logging
import os
import stat
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.errors import BlockingCallWarning, FileError
from ai_catalyst.io import files as files_module
from ai_catalyst.io.files import (
    AtomicWriter,
    append_log,
    append_log_async,
    read_file,
    read_file_async,
    read_files,
    read_files_async,
    write_atomic,
    write_file,
    write_file_async,
)


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def no_room(monkeypatch):
    """A disk that is full when data must reach it."""

    def fail(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.skipif(not os.path.exists("/proc/version"), reason="needs /proc")
async def test_a_file_without_a_size_is_read_to_its_end():
    version = await read_file_async("/proc/version")
    assert version.startswith(b"Linux")
    assert await read_file_async("/dev/null") == b""


async def test_a_file_is_read_whole(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(256)) * 5000)
    assert await read_file_async(path) == bytes(range(256)) * 5000


@pytest.mark.parametrize(
    ("make", "builtin"),
    [
        (lambda folder: folder / "absent.txt", FileNotFoundError),
        (lambda folder: folder, IsADirectoryError),
        (lambda folder: folder / ("x" * 300), OSError),
    ],
)
async def test_an_unreadable_file_is_our_error_and_the_builtin_one(tmp_path, make, builtin):
    path = make(tmp_path)
    with pytest.raises(FileError) as caught:
        await read_file_async(path)
    assert isinstance(caught.value, builtin)
    assert caught.value.path == str(path)
    assert caught.value.errno
    assert str(path) in str(caught.value)


@pytest.fixture
def numbered(tmp_path):
    """The paths of 200 files that hold their number; every seventh is missing."""
    paths = [tmp_path / f"{number}.txt" for number in range(200)]
    for number, path in enumerate(paths):
        if number % 7:
            path.write_text(str(number))
    return paths


async def test_many_files_keep_their_order_and_errors_their_place(numbered):
    results = await read_files_async(iter(numbered))
    assert len(results) == 200
    for number, result in enumerate(results):
        if number % 7:
            assert result == str(number).encode()
        else:
            assert isinstance(result, FileNotFoundError)
            assert isinstance(result, FileError)


async def test_a_path_that_cannot_be_a_path_costs_only_itself(tmp_path):
    (tmp_path / "good").write_bytes(b"good")
    results = await read_files_async([tmp_path / "good", "nul\0inside", tmp_path / "good"])
    assert results[0] == results[2] == b"good"
    assert isinstance(results[1], ValueError)


async def test_no_files_are_no_results():
    assert await read_files_async([]) == []


async def test_sixty_four_files_share_one_thread_hop(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"x")
    hops = []
    read_each = files_module._read_each
    monkeypatch.setattr(
        files_module, "_read_each", lambda paths: hops.append(len(paths)) or read_each(paths)
    )
    await read_files_async([tmp_path / "f"] * 130)
    assert sorted(hops) == [2, 64, 64]


@pytest.mark.parametrize("data", [b"bytes", "text with ü", b""])
async def test_a_written_file_holds_exactly_what_was_given(tmp_path, data):
    path = tmp_path / "out"
    assert await write_file_async(path, data) is True
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert names_in(tmp_path) == ["out"]


async def test_a_failed_write_is_false_and_logged_and_leaves_the_old_content(
    tmp_path, no_room, caplog
):
    path = tmp_path / "out"
    path.write_text("old")
    with caplog.at_level(logging.ERROR):
        assert await write_file_async(path, "new") is False
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["out"]
    assert "No space left" in caplog.text


async def test_a_write_into_a_missing_folder_or_onto_a_folder_is_false(tmp_path, caplog):
    assert await write_file_async(tmp_path / "absent" / "out", b"x") is False
    assert await write_file_async(tmp_path, b"x") is False
    assert names_in(tmp_path) == []
    assert len(caplog.records) == 2


def test_a_new_file_has_the_mode_the_umask_gives_and_an_old_one_keeps_its_own(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    write_atomic(tmp_path / "new", b"x")
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode
    plain.chmod(0o640)
    write_atomic(plain, b"x")
    assert stat.S_IMODE(plain.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_block_that_fails_leaves_nothing(tmp_path):
    def write_half():
        with AtomicWriter(tmp_path / "out") as out:
            out.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert names_in(tmp_path) == []


def test_nothing_shows_under_the_name_before_the_end(tmp_path):
    with AtomicWriter(tmp_path / "out") as out:
        out.write(b"x" * 100_000)
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out").stat().st_size == 100_000


def test_writing_outside_the_block_says_how_it_should_be(tmp_path):
    with pytest.raises(ValueError, match="with block"):
        AtomicWriter(tmp_path / "out").write(b"x")


def test_a_csv_writer_may_write_to_it(tmp_path):
    with AtomicWriter(tmp_path / "out.csv") as out:
        csv.writer(out).writerows([["a", "ä"], [1, "x\ny"]])
    assert (tmp_path / "out.csv").read_bytes() == 'a,ä\r\n1,"x\ny"\r\n'.encode()


def test_a_lone_surrogate_does_not_cost_the_file(tmp_path):
    write_atomic(tmp_path / "out", "a\ud800b")
    assert (tmp_path / "out").read_text() == "a\\ud800b"


async def test_readers_never_see_a_half_written_file(tmp_path):
    path = tmp_path / "out"
    old, new = b"a" * 300_000, b"b" * 300_000
    path.write_bytes(old)
    done = threading.Event()
    seen = set()

    def watch():
        while not done.is_set():
            seen.add(path.read_bytes())

    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(watch))
        for turn in range(20):
            assert await write_file_async(path, new if turn % 2 else old)
        done.set()
    assert seen <= {old, new}


async def test_appended_messages_each_stand_on_one_line(tmp_path):
    path = tmp_path / "log"
    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(append_log_async(path, f"{number} " + "x" * (number * 50)))
    lines = path.read_text().splitlines()
    assert sorted(int(line.split()[0]) for line in lines) == list(range(100))
    assert all(len(line.split()) < 2 or set(line.split()[1]) == {"x"} for line in lines)


async def test_processes_that_append_to_one_file_never_interleave(tmp_path):
    path = tmp_path / "log"
    code = (
        "import asyncio, sys; from ai_catalyst.io.files import append_log_async as append\n"
        "for _ in range(100): asyncio.run(append(sys.argv[1], sys.argv[2] * 3000))"
    )
    async with asyncio.TaskGroup() as group:
        for letter in "ab":
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, path, letter)
            group.create_task(process.wait())
    lines = path.read_text().splitlines()
    assert sorted(set(lines)) == ["a" * 3000, "b" * 3000]
    assert len(lines) == 200


@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_a_message_ends_with_exactly_one_line_end(tmp_path_factory, message):
    path = tmp_path_factory.mktemp("log") / "log"
    files_module._append(path, message)
    written = path.read_bytes().decode()
    assert written == message.rstrip("\r\n") + "\n"


async def test_an_append_that_fails_names_the_file(tmp_path):
    with pytest.raises(FileError, match="absent"):
        await append_log_async(tmp_path / "absent" / "log", "x")


async def test_an_append_cut_short_by_a_full_disk_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda handle, data: len(data) // 2)
    with pytest.raises(FileError, match="full"):
        await append_log_async(tmp_path / "log", "a message")


def test_each_sync_twin_does_what_its_async_form_does(tmp_path):
    path = tmp_path / "f"
    assert write_file(path, "one\n") is True
    append_log(path, "two")
    assert read_file(path) == b"one\ntwo\n"
    found = read_files([path, tmp_path / "absent"])
    assert found[0] == b"one\ntwo\n"
    assert isinstance(found[1], FileNotFoundError)
    assert write_file(tmp_path / "absent" / "f", b"") is False
    with pytest.raises(FileError):
        read_file(tmp_path)


@pytest.mark.loop_guard(5, reason="a twin blocks the loop: that is what is shown")
async def test_a_sync_twin_inside_a_loop_works_and_names_the_async_form(tmp_path):
    with (
        pytest.raises(FileError),
        pytest.warns(BlockingCallWarning, match="read_file_async") as caught,
    ):
        read_file(tmp_path / "absent")
    assert caught[0].filename == __file__
