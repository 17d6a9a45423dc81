"""Video files, whole and broken, looked at in worker processes."""

import io

import clips
import pytest
from PIL import Image

from ai_catalyst import video
from ai_catalyst.errors import FileError, ProcessingError


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """A folder with every kind of video, made once."""
    folder = tmp_path_factory.mktemp("films")
    whole = clips.make_clip(folder / "whole.mp4", 2, audio=True)
    spoken = clips.make_clip(folder / "spoken.mkv", 1, words=["Hello there", "and goodbye"])
    clips.make_clip(folder / "beside.mp4", 0.5)
    (folder / "beside.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nFrom a side-car\n")
    clips.turned(whole, folder / "turned.mp4")
    clips.ten_hours(whole, folder / "ten-hours.mp4")
    clips.make_clip(folder / "many.mkv", 0.3, size=(32, 32), extra=99)
    (folder / "cut-off.mkv").write_bytes(spoken.read_bytes()[:-600])
    (folder / "no-index.mp4").write_bytes(whole.read_bytes()[:3000])
    (folder / "text.mp4").write_text("this is no video")
    (folder / "empty.mp4").touch()
    clips.make_sound(folder / "sound.mp4")
    clips.no_frames(folder / "no-frames.mkv")
    (folder / "folder.mp4").mkdir()
    return folder


async def one(path):
    return (await video.process_video_files_async([path]))[0]


async def test_a_whole_video_is_measured_and_pictured(films):
    found = await one(films / "whole.mp4")
    assert found.ok
    assert (found.width, found.height, found.duration_s, found.rotation) == (160, 90, 2.0, 0)
    assert (found.video_codec, found.audio_codec, found.streams) == ("mpeg4", "aac", 2)
    assert len(found.thumbnails) == 9
    for jpeg in (found.poster, found.contact_sheet, *found.thumbnails):
        assert Image.open(io.BytesIO(jpeg)).format == "JPEG"
    poster = Image.open(io.BytesIO(found.poster))
    assert poster.size == (512, 512)
    assert poster.getpixel((60, 256))[0] > 150, "the left half is red"
    assert poster.getpixel((256, 20)) == (0, 0, 0), "padded above"
    assert found.document is None


async def test_thumbnails_are_from_all_over_the_video(films):
    found = await one(films / "whole.mp4")
    light = [Image.open(io.BytesIO(each)).getpixel((450, 256))[1] for each in found.thumbnails]
    assert light == sorted(light)
    assert light[-1] - light[0] > 150


async def test_a_turned_video_is_shown_upright(films):
    found = await one(films / "turned.mp4")
    assert (found.width, found.height, found.rotation) == (90, 160, 270)
    poster = Image.open(io.BytesIO(found.poster))
    assert poster.getpixel((256, 60))[0] > 150, "what was left is above"
    assert poster.getpixel((20, 256)) == (0, 0, 0)


async def test_the_words_of_subtitles_become_a_document(films):
    inside, beside = await video.process_video_files_async(
        [films / "spoken.mkv", films / "beside.mp4"]
    )
    assert inside.document.text == "Hello there\nand goodbye"
    assert inside.document.kind == "video"
    assert inside.document.uri == str(films / "spoken.mkv")
    assert beside.document.text == "From a side-car"


async def test_a_header_that_lies_about_ten_hours_is_not_believed(films):
    found = await one(films / "ten-hours.mp4")
    assert found.duration_s == 2.0
    assert len(found.thumbnails) == 9


async def test_a_hundred_streams_are_no_harm(films):
    assert (await one(films / "many.mkv")).streams == 100


async def test_a_video_that_breaks_off_is_shown_as_far_as_it_goes(films):
    found = await one(films / "cut-off.mkv")
    assert found.ok
    assert 0.5 <= found.duration_s < 1.0


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("no-index.mp4", FileError, "damaged"),
        ("text.mp4", FileError, "no video"),
        ("empty.mp4", FileError, "no video"),
        ("no-frames.mkv", FileError, "no video"),
        ("sound.mp4", ProcessingError, "audio only"),
        ("folder.mp4", FileError, "is a folder"),
        ("missing.mp4", FileError, "does not exist"),
    ],
)
async def test_what_cannot_be_shown_says_why(films, name, kind, words):
    found = await one(films / name)
    assert not found.ok
    assert isinstance(found.error, kind)
    assert words in str(found.error)


async def test_results_keep_the_order_of_the_files_and_a_broken_one_fails_alone(films):
    names = ["text.mp4", "whole.mp4", "missing.mp4", "spoken.mkv"]
    found = await video.process_video_files_async(films / name for name in names)
    assert [each.ok for each in found] == [False, True, False, True]
    assert [each.path for each in found] == [str(films / name) for name in names]


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


async def test_what_a_killed_run_left_behind_is_done_by_the_next(tmp_path, state):
    (tmp_path / "in").mkdir()
    clips_made = [clips.make_clip(tmp_path / "in" / f"{n}.mp4", 0.3) for n in range(3)]
    taking = video.ingest_folder(tmp_path / "in")
    await anext(taking)
    await taking.aclose()
    assert len(await video.list_videos(status="processing")) == 2
    done = [one async for one in video.ingest_folder(tmp_path / "in")]
    assert [one.again for one in done] == [True, False, False]
    assert len(await video.list_videos(status="ready")) == len(clips_made)


async def test_a_folder_that_is_none_is_said(state, tmp_path):
    with pytest.raises(FileError, match="not a folder"):
        await anext(video.ingest_folder(tmp_path / "none"))
