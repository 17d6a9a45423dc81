"""The words of subtitles: SubRip, WebVTT and (Advanced) SubStation Alpha, without their times."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["SIDECARS", "joined", "sidecars_of", "words_of"]

SIDECARS = (".srt", ".vtt", ".ass", ".ssa")
_TIMES = re.compile(r"^\s*(?:\d+:)?\d+:\d+[.,]\d+\s*-->")
_TAG = re.compile(r"<[^<>]{0,200}>|\{[^{}]{0,500}\}")
_ASS_LINE = re.compile(r"^Dialogue:\s*(.*)$")
_BLOCKS = ("WEBVTT", "NOTE", "STYLE", "REGION")


def words_of(text: str, suffix: str) -> list[str]:
    """Return the lines of a subtitle file, in order; what is not understood is left out."""
    lines = text.lstrip("\ufeff").splitlines()
    if suffix in {".ass", ".ssa"}:
        return [line for raw in lines if (line := _ass(raw))]
    return _cues(lines)


def _cues(lines: list[str]) -> list[str]:
    """Return the text below each line of times, up to the next empty line."""
    found: list[str] = []
    inside = False
    for line in lines:
        if _TIMES.match(line):
            inside = True
        elif not line.strip() or line.startswith(_BLOCKS):
            inside = False
        elif inside and (plain := _plain(line)):
            found.append(plain)
    return found


def _ass(line: str) -> str:
    """Return the text of a dialogue line: the tenth field, that alone may hold commas."""
    match = _ASS_LINE.match(line)
    parts = match[1].split(",", 9) if match else []
    return _plain(parts[9]) if len(parts) == 10 else ""


def _plain(text: str) -> str:
    text = text.replace("\\N", " ").replace("\\n", " ").replace("\\h", " ")
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def joined(lines: Iterable[str]) -> str:
    """Return lines as one text; what is repeated at once (rolling captions) is said once."""
    found: list[str] = []
    for line in lines:
        if not found or found[-1] != line:
            found.append(line)
    return "\n".join(found)


def sidecars_of(path: Path) -> list[Path]:
    """Return the subtitle files beside a video: ``talk.srt``, ``talk.en.vtt`` for ``talk.mp4``."""
    try:
        beside = sorted(path.parent.iterdir())
    except OSError:
        return []
    return [
        one
        for one in beside
        if one.suffix.lower() in SIDECARS
        and (one.stem == path.stem or one.stem.rpartition(".")[0] == path.stem)
    ]
