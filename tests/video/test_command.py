"""``catalyst video`` from the shell's side."""

import json

import clips
import pytest

from ai_catalyst.cli.main import app
from ai_catalyst.errors import UserError


@pytest.fixture
def catalyst(capsys):
    def run(*arguments):
        code = app(["video", *map(str, arguments)], standalone_mode=False)
        return code or 0, *capsys.readouterr()

    return run


def test_a_folder_with_a_broken_file_in_it_is_ingested_and_listed(tmp_path, state, catalyst):
    (tmp_path / "in").mkdir()
    clips.make_clip(tmp_path / "in" / "good.mp4", 0.5)
    (tmp_path / "in" / "bad.mp4").write_text("no video")
    code, out, err = catalyst("ingest", tmp_path / "in", "--output", tmp_path / "out")
    assert code == 1
    assert "1 video ready, 1 failed" in out
    assert "bad.mp4" in err
    code, out, _ = catalyst("list", "--json")
    assert code == 0
    assert sorted(one["status"] for one in json.loads(out)) == ["failed", "ready"]
    assert "good" in catalyst("list", "--status", "ready")[1]
    with pytest.raises(UserError, match="no such status: 'odd'"):
        catalyst("list", "--status", "odd")


def test_each_broken_file_is_reported_with_what_is_wrong(films, tmp_path, state, catalyst):
    code, out, err = catalyst("ingest", films, "--output", tmp_path / "out")
    assert code == 1
    assert "7 videos ready, 5 failed" in out
    lines = [line for line in err.splitlines() if line.startswith("failed")]
    wrong = {
        **dict.fromkeys(("no-index.mp4", "text.mp4", "empty.mp4", "no-frames.mkv"), "no video"),
        "sound.mp4": "audio only",
    }
    assert len(lines) == len(wrong)
    for name, words in wrong.items():
        assert any(name in line and words in line for line in lines), (name, lines)
