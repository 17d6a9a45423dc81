"""Video files, whole and broken, looked at in worker processes."""

import io
import os

import pytest
from PIL import Image

from ai_catalyst import video
from ai_catalyst.errors import FileError, ProcessingError
from ai_catalyst.video.decoding import look


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
async def test_a_file_that_may_not_be_read_says_so(films, tmp_path):
    path = tmp_path / "closed.mp4"
    path.write_bytes((films / "whole.mp4").read_bytes())
    path.chmod(0)
    os.seteuid(65534)
    try:
        with pytest.raises(FileError, match="may not be read") as caught:
            look(str(path))
    finally:
        os.seteuid(0)
    assert caught.value.kind == "unreadable"
