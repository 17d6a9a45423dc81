"""Small videos for the tests, made with PyAV."""

import fractions
import io
import struct
from pathlib import Path

import av
import numpy


def make_clip(
    path, seconds=1.0, size=(160, 90), fps=10, codec="mpeg4", audio=False, words=(), extra=0
):
    """Write a video whose left half is red, whose right half brightens; returns its path."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mpeg4", rate=fps) for _ in range(1 + extra)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        sound = container.add_stream("aac", rate=8000) if audio else None
        spoken = container.add_stream("subrip") if words else None
        if spoken is not None:
            spoken.codec_context.subtitle_header = b"[Script Info]\n\n[Events]\n"
        total = int(seconds * fps)
        for number in range(total):
            picture = numpy.zeros((size[1], size[0], 3), numpy.uint8)
            picture[:, : size[0] // 2, 0] = 220
            picture[:, size[0] // 2 :] = 255 * number // max(1, total)
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = number
                frame.time_base = fractions.Fraction(1, fps)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
        if sound is not None:
            _hum(container, sound, seconds)
        for number, line in enumerate(words):
            packet = av.Packet(line.encode())
            packet.stream = spoken
            packet.time_base = fractions.Fraction(1, 1000)
            packet.pts = packet.dts = number * 100
            packet.duration = 90
            container.mux(packet)
    return path


def make_sound(path, seconds=0.5):
    with av.open(str(path), "w") as container:
        _hum(container, container.add_stream("aac", rate=8000), seconds)
    return path


def _hum(container, stream, seconds):
    for number in range(max(1, int(seconds * 8000) // 1024)):
        frame = av.AudioFrame.from_ndarray(
            numpy.zeros((1, 1024), numpy.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 8000, number * 1024
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def turned(path, target):
    """Write an MP4 again with a header that says: show it turned by a quarter."""
    data = bytearray(Path(path).read_bytes())
    place = data.index(b"tkhd") + 44
    data[place : place + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    Path(target).write_bytes(data)
    return target


def ten_hours(path, target):
    """Write an MP4 again whose headers claim ten hours."""
    data = bytearray(Path(path).read_bytes())
    place = data.index(b"mvhd") + 4
    scale = struct.unpack(">I", data[place + 12 : place + 16])[0]
    data[place + 16 : place + 20] = struct.pack(">I", scale * 36_000)
    place = data.index(b"tkhd") + 4
    data[place + 20 : place + 24] = struct.pack(">I", scale * 36_000)
    Path(target).write_bytes(data)
    return target


def no_frames(path):
    """Write a Matroska file with a video track and nothing in it."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    Path(path).write_bytes(out.getvalue())
    return path
