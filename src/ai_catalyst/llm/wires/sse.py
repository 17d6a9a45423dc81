"""Server-sent events: the data of each, however the bytes are cut (WHATWG HTML, section 9.2)."""

from __future__ import annotations

__all__ = ["EventStream"]

MOST_HELD = 4 * 2**20
"""Bytes one event may have; a server that sends more without a blank line is not sending events."""


class EventStream:
    """Cuts a stream of bytes into the data of its events.

    Bytes are decoded by whoever reads the data, so a character that is cut in two is whole again by
    then. Comments, event names, ids and retry times are skipped; data lines of one event are joined
    with a line feed. Lines end in LF, CRLF or CR.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Start at the beginning of a stream."""
        self._held = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take bytes as they came and return the data of every event that is now complete."""
        text = self._held + chunk if self._held else chunk
        if b"\r" in text:
            text, cut = (text[:-1], b"\r") if text.endswith(b"\r") else (text, b"")
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            cut = b""
        blocks = text.split(b"\n\n")
        self._held = blocks.pop() + cut
        if len(self._held) > MOST_HELD:
            raise ValueError("an event without an end")
        # The ordinary chunk has nothing but one data line an event: a tenth of the work.
        if text.count(b"\n") == 2 * len(blocks):
            plain = [block[6:] for block in blocks if block.startswith(b"data: ")]
            if len(plain) == len(blocks):
                return plain
        return [data for block in blocks if (data := _data(block)) is not None]

    def finish(self) -> list[bytes]:
        """Return the data of a last event that the server did not end with a blank line."""
        held, self._held = self._held, b""
        data = _data(held.replace(b"\r", b"\n"))
        return [data] if data is not None else []


def _data(block: bytes) -> bytes | None:
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:]
    lines = []
    for line in block.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif line == b"data":
            lines.append(b"")
    return b"\n".join(lines) if lines else None
