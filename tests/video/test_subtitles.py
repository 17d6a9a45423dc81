"""The words of subtitles, whatever is written around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.video.subtitles import joined, sidecars_of, words_of

SRT = """\ufeff1
00:00:00,000 --> 00:00:01,000
<i>Good</i> morning,
everybody.

2
00:00:01,000 --> 00:00:02,000 X1:0 X2:9
42
"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE nobody
reads this

intro
00:00.000 --> 00:01.000 align:start
<v Ada>Salt &amp; pepper</v>

01:00:00.000 --> 01:00:01.000
{\\an8}above
"""
ASS = """[Script Info]
Title: x
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,{\\b1}Well,{\\b0} hello\\Nthere
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not this
Dialogue: broken
"""


@pytest.mark.parametrize(
    ("text", "suffix", "words"),
    [
        (SRT, ".srt", ["Good morning,", "everybody.", "42"]),
        (VTT, ".vtt", ["Salt & pepper", "above"]),
        (ASS, ".ass", ["Well, hello there"]),
        (SRT.replace("\n", "\r\n"), ".srt", ["Good morning,", "everybody.", "42"]),
        ("", ".srt", []),
    ],
)
def test_the_words_are_found_without_times_and_marks(text, suffix, words):
    assert words_of(text, suffix) == words


@given(st.text(), st.sampled_from([".srt", ".vtt", ".ass"]))
def test_any_text_at_all_is_survived(text, suffix):
    words_of(text, suffix)


def test_rolling_captions_are_said_once():
    assert joined(["a", "a", "b", "a"]) == "a\nb\na"


def test_the_files_beside_a_video_are_found(tmp_path):
    for name in ("talk.mp4", "talk.srt", "talk.en.VTT", "talking.srt", "other.srt", "talk.txt"):
        (tmp_path / name).touch()
    found = [path.name for path in sidecars_of(tmp_path / "talk.mp4")]
    assert found == ["talk.en.VTT", "talk.srt"]
    assert sidecars_of(tmp_path / "none" / "x.mp4") == []
