"""What a video file holds, decoded in this process: call it in a worker, files may be hostile."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ai_catalyst.errors import FileError, ProcessingError, UserError
from ai_catalyst.video.subtitles import joined, sidecars_of, words_of

__all__ = ["look"]

SIDE = 512
SHOTS = 9
_SHEET = 3
_MOST_PIXELS = 8192 * 8192
_MOST_STREAMS = 256
_MOST_TEXT = 4 * 2**20
_PATIENCE = 500
"""Packets read for one picture before that place is given up."""


def look(path: str) -> dict[str, Any]:
    """Return what a video file holds: numbers, JPEGs and words.

    ``duration_s, width, height`` (as shown, rotation applied)``, rotation, video_codec,
    audio_codec, streams, poster, thumbnails, contact_sheet, text``. Raises `FileError` for what
    cannot be read, `ProcessingError` for what is no video that can be shown.
    """
    try:
        import av
    except ImportError as error:
        raise UserError("PyAV is not installed: pip install '.[video]'") from error
    av.logging.set_level(av.logging.PANIC)
    place = Path(path)
    if os.path.isdir(path):  # noqa: PTH112 - `Path.is_dir` raises where we may not look
        raise FileError(f"{path} is a folder", path=path, kind="unsupported")
    try:
        with av.open(path) as container:
            return _look(container, place)
    except FileNotFoundError as error:
        raise FileError(f"{path} does not exist", path=path, kind="missing") from error
    except PermissionError as error:
        raise FileError(f"{path} may not be read", path=path, kind="unreadable") from error
    except av.FFmpegError as error:
        raise FileError(f"{path} is no video, or is damaged", path=path) from error


def _look(container: Any, place: Path) -> dict[str, Any]:
    streams = container.streams
    if len(streams) > _MOST_STREAMS:
        raise ProcessingError(f"{place.name} has {len(streams)} streams; {_MOST_STREAMS} are read")
    if not streams.video:
        kind = "audio only" if streams.audio else "no picture"
        raise ProcessingError(f"{place.name} is not a video: {kind}")
    stream = streams.best("video") or streams.video[0]
    if stream.width * stream.height > _MOST_PIXELS:
        raise ProcessingError(f"{place.name} is too large: {stream.width} × {stream.height}")
    stream.thread_type = "NONE"  # one worker a core: threads of its own would only compete
    duration = _duration_s(container, stream)
    shots, rotation = _shots(container, stream, duration)
    if not shots:
        raise ProcessingError(f"{place.name} has no picture that can be decoded")
    width, height = stream.width, stream.height
    if rotation % 180:
        width, height = height, width
    audio = streams.audio[0] if streams.audio else None
    return {
        "duration_s": duration,
        "width": width,
        "height": height,
        "rotation": rotation % 360,
        "video_codec": stream.codec_context.name,
        "audio_codec": audio and audio.codec_context.name,
        "streams": len(streams),
        "poster": _jpeg(shots[len(shots) // 3]),
        "thumbnails": [_jpeg(shot) for shot in shots],
        "contact_sheet": _contact_sheet(shots),
        "text": _text(container, place),
    }


def _duration_s(container: Any, stream: Any) -> float:
    """Return how long the video really is: a header may say anything, the last packets do not."""
    said = float(container.duration or 0) / 1_000_000
    if said <= 0 and stream.duration:
        said = float(stream.duration * stream.time_base)
    last = _last_moment(container, stream, max(0.0, said - 1.0))
    if last <= 0 and said > 0:
        last = _last_moment(container, stream, 0.0)
    return round(last if last > 0 else max(said, 0.0), 3)


def _last_moment(container: Any, stream: Any, start_s: float) -> float:
    import av

    last = 0.0
    try:
        container.seek(int(start_s / stream.time_base), stream=stream)
        for packet in container.demux(stream):
            if packet.pts is not None:
                end = packet.pts + (packet.duration or 0)
                last = max(last, float(end * stream.time_base))
    except av.FFmpegError:
        pass  # a broken end: what was seen so far is what there is
    return last


def _shots(container: Any, stream: Any, duration: float) -> tuple[list[Any], int]:
    """Return up to nine pictures from all over the video, upright, and its rotation."""
    found: list[Any] = []
    moments: set[Any] = set()
    rotation = 0
    for number in range(SHOTS):
        frame = _frame_at(container, stream, duration * number / SHOTS)
        if frame is None or frame.pts in moments:
            continue
        moments.add(frame.pts)
        rotation = int(frame.rotation)
        # No larger than will be shown: the whole picture is never turned or copied.
        scale = min(1.0, SIDE / max(frame.width, frame.height))
        size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        image = frame.reformat(width=size[0], height=size[1], format="rgb24").to_image()
        found.append(image.rotate(rotation, expand=True) if rotation else image)
    return found, rotation


def _frame_at(container: Any, stream: Any, moment_s: float) -> Any | None:
    import av

    wanted = int(moment_s / stream.time_base) + (stream.start_time or 0)
    best = None
    try:
        container.seek(wanted, stream=stream)
        for count, packet in enumerate(container.demux(stream)):
            for frame in packet.decode():
                best = frame
                if frame.pts is None or frame.pts >= wanted:
                    return best
            if count > _PATIENCE:
                break
    except av.FFmpegError:
        pass  # this place is broken; others may not be
    return best


def _jpeg(image: Any, side: int = SIDE) -> bytes:
    """Return a square JPEG with the aspect kept."""
    from PIL import ImageOps

    return _encoded(ImageOps.pad(image, (side, side), color="black"))


def _contact_sheet(shots: list[Any]) -> bytes:
    from PIL import Image, ImageOps

    cell = SIDE // _SHEET
    sheet = Image.new("RGB", (cell * _SHEET, cell * _SHEET))
    for number, shot in enumerate(shots[: _SHEET * _SHEET]):
        corner = number % _SHEET * cell, number // _SHEET * cell
        sheet.paste(ImageOps.pad(shot, (cell, cell), color="black"), corner)
    return _encoded(sheet)


def _encoded(image: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _text(container: Any, place: Path) -> str:
    """Return the words of the side-car files, else of the embedded subtitles."""
    from ai_catalyst.documents.encoding import decode

    lines: list[str] = []
    for path in sidecars_of(place):
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_TEXT)
        except OSError:
            continue
        lines += words_of(decode(data), path.suffix.lower())
    return joined(lines or list(_embedded(container)))[:_MOST_TEXT]


def _embedded(container: Any) -> Iterator[str]:
    import av

    for stream in container.streams.subtitles:
        try:
            container.seek(0)
            for packet in container.demux(stream):
                for subtitle in packet.decode():
                    yield from words_of(f"Dialogue: {_ass_of(subtitle)}", ".ass")
        except av.FFmpegError:
            continue


def _ass_of(subtitle: Any) -> str:
    """Return what the decoder gives, ``order,layer,style,…,text``, as a file's ten fields."""
    raw = getattr(subtitle, "ass", b"")
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return f"0,{text}"
