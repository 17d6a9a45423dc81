"""A folder of videos: each looked at once, by whoever, whatever happens meanwhile."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import clips
import pytest

from ai_catalyst import video
from ai_catalyst.errors import FileError
from ai_catalyst.video.place import here


async def test_a_folder_is_taken_in_and_each_broken_file_reported(films, state, tmp_path):
    done = [one async for one in video.ingest_folder(films, output=tmp_path / "out")]
    status = {one.video.title: one.video.status for one in done}
    assert status == {
        "beside": "ready", "cut-off": "ready", "empty": "failed", "many": "ready",
        "no-frames": "failed", "no-index": "failed", "sound": "failed", "spoken": "ready",
        "ten-hours": "ready", "text": "failed", "turned": "ready", "whole": "ready",
    }  # fmt: skip
    failed = await video.list_videos(status="failed")
    assert all(one.error for one in failed)
    spoken = next(one.video for one in done if one.video.title == "spoken")
    place = tmp_path / "out" / spoken.id
    assert (place / "subtitles.txt").read_text() == "Hello there\nand goodbye"
    assert {"poster.jpg", "contact-sheet.jpg", "thumbnail-1.jpg"} <= {
        p.name for p in place.iterdir()
    }
    assert spoken.text == "Hello there\nand goodbye"

    again = [one async for one in video.ingest_folder(films)]
    assert all(one.again for one in again)
    assert len(await video.list_videos()) == 12

    retried = [one async for one in video.ingest_folder(films, retry_failed=True)]
    assert sum(not one.again for one in retried) == 5
    assert len(await video.list_videos()) == 12


async def test_a_folder_that_is_none_is_said(state, tmp_path):
    with pytest.raises(FileError, match="not a folder"):
        await anext(video.ingest_folder(tmp_path / "none"))


@pytest.fixture
def folder(tmp_path):
    """A folder with twelve videos, one of them broken."""
    place = tmp_path / "in"
    place.mkdir()
    first = clips.make_clip(place / "0.mp4", 0.5)
    for number in range(1, 11):
        (place / f"{number}.mp4").write_bytes(first.read_bytes())
    (place / "broken.mp4").write_text("no video")
    return place


def catalyst(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "ai_catalyst", "video", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_on_one_folder_look_at_each_file_once(folder, state, tmp_path):
    both = [
        catalyst("ingest", folder, "--output", tmp_path / "out", "--json", "--retry-failed")
        for _ in range(2)
    ]
    found = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [1, 1], found
    runs = [json.loads(out) for out, _ in found]
    assert [len(run) for run in runs] == [12, 12], "each tells of all"
    looked = [one["title"] for run in runs for one in run if not one["again"]]
    assert sorted(looked) == sorted(path.stem for path in folder.iterdir())
    assert sum("broken.mp4" in err for _, err in found) == 1, found


def test_a_killed_run_is_resumed_and_nothing_done_is_done_again(folder, state, tmp_path):
    killed = catalyst("ingest", folder, "--output", tmp_path / "out")
    for line in killed.stderr:
        if line.startswith("ready"):
            break
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = asyncio.run(video.list_videos())
    assert any(one.status == "ready" for one in before)
    started = time.monotonic()
    resumed = catalyst("ingest", folder, "--output", tmp_path / "out", "--json")
    out, err = resumed.communicate(timeout=60)
    assert time.monotonic() - started < 30, "the leases of a dead process are free at once"
    assert resumed.returncode == 1, err
    again = {one["id"] for one in json.loads(out) if one["again"]}
    assert again == {one.id for one in before if one.status in {"ready", "failed"}}
    status = [one.status for one in asyncio.run(video.list_videos())]
    assert sorted(status) == ["failed"] + ["ready"] * 11


async def test_who_leaves_early_lets_others_take_the_rest(folder, state):
    taking = video.ingest_folder(folder)
    await anext(taking)
    await taking.aclose()
    assert await (await here()).leases.count({"owner": ""}) > 0
    done = [one async for one in video.ingest_folder(folder)]
    assert sorted(one.video.status for one in done) == ["failed"] + ["ready"] * 11
    assert any(one.again for one in done)


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 64 KiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk_ends_the_run_and_no_video_is_called_broken(folder, state, tiny_disk):
    with pytest.raises(FileError, match="No space left"):
        async for _ in video.ingest_folder(folder, output=tiny_disk / "out"):
            pass
    failed = await video.list_videos(status="failed")
    assert {one.title for one in failed} <= {"broken"}
    done = [one async for one in video.ingest_folder(folder)]
    assert sorted(one.video.status for one in done) == ["failed"] + ["ready"] * 11


def test_a_full_disk_is_said_on_the_command_line(folder, state, tiny_disk):
    process = catalyst("ingest", folder, "--output", tiny_disk / "out")
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "No space left" in err
    assert "Traceback" not in err
