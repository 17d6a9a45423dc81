"""Pickled messages between a pool and its worker processes.

A message is a row of pieces, each ``kind (1 byte) | length (4) | seconds (8) | bytes``; all but the
last are of kind `Kind.MORE`. So a value of any size is written and read while it is pickled and
unpickled: it is never in memory twice, and the Python calls in between let other threads have the
interpreter lock every 64 KiB.
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Channel", "Full", "Kind", "Message", "Unreadable"]

_HEAD = struct.Struct("<BId")
_NO_HEAD = bytes(_HEAD.size)
_PIECE = 1 << 16
_LONGEST = 1 << 30
_READ = 1 << 18
_LAST = 0x80

Buffer: TypeAlias = bytes | bytearray | memoryview


class Kind(IntEnum):
    """What a message is. `WORKER`, `CALL` and `ITEM` go to a worker, the others come from it."""

    MORE = 0
    """Not the last piece of its message."""
    DROP = 1
    """The message begun cannot be finished: forget it."""
    WORKER = 2
    """Where to work: the first message of all."""
    CALL = 3
    """The function that the items from now on are for."""
    ITEM = 4
    """The arguments of one task."""
    LOADING = 5
    """The function's module is being imported, which is not the task's time."""
    LOADED = 6
    """It has been."""
    RESULT = 7
    """What the task returned."""
    ERROR = 8
    """What it raised."""
    YIELDED = 9
    """One item of a task that yields."""
    END = 10
    """Such a task has no more."""


class Message(NamedTuple):
    """One message; ``seconds`` is how long the task ran, ``last`` says the worker ends with it."""

    kind: Kind
    value: Any
    seconds: float
    last: bool


class Head(NamedTuple):
    """What stands before a piece."""

    kind: int
    length: int
    seconds: float
    last: bool


class Full(Exception):
    """Raised when a message does not fit beside those already waiting to be sent."""


class Unreadable(Exception):
    """Raised when a message came whole and its value cannot be unpickled; the cause says why."""

    def __init__(self, head: Head) -> None:
        """Keep what is known of it."""
        super().__init__(head)
        self.head = head


class Channel:
    """Messages over one end of a stream socket; not for two threads at once.

    ``wait(writing)`` is called when a socket that does not block would have to, and returns when it
    need not; it may raise.
    """

    def __init__(self, end: socket.socket, wait: Callable[[bool], None] | None = None) -> None:
        """Take an end; without ``wait`` it must be a blocking one."""
        self.socket = end
        self._wait = wait
        self._out = bytearray()
        self._in = bytearray()
        self._at = 0

    def put(
        self, kind: Kind, value: Any, seconds: float = 0.0, *, last: bool = False, fit: bool = False
    ) -> None:
        """Add a message to those that `flush` sends; what is large is sent along the way.

        With ``fit`` nothing is sent: raises `Full`, and the message is as if never put. Raises what
        pickling raises; then, too, the other side sees nothing of it.
        """
        writer = _Writer(self._out, None if fit else self._send)
        try:
            pickle.Pickler(writer, protocol=5).dump(value)
        except BaseException:
            writer.undo()
            raise
        writer.finish(kind | (_LAST if last else 0), seconds)

    def flush(self) -> None:
        """Send all that was put."""
        if self._out:
            self._send(self._out)
            self._out.clear()

    def receive(self) -> Message:
        """Return the next message.

        Raises `EOFError` when the other end is closed, `Unreadable` for a whole message whose value
        cannot be unpickled; the next one can be received then.
        """
        while True:
            head = self.read_head()
            if head.kind == Kind.MORE:
                reader = _Reader(self, head.length)
                value, failure = _load(reader)
                head = reader.skip()
            else:
                value, failure = self._load_piece(head.length)
            if head.kind == Kind.DROP:
                continue
            if failure is not None:
                raise Unreadable(head) from failure
            return Message(Kind(head.kind), value, head.seconds, head.last)

    @property
    def buffered(self) -> bool:
        """Whether something has been read from the socket and not yet from here."""
        return self._at < len(self._in)

    def read_head(self) -> Head:
        """Read what stands before a piece."""
        self._fill(_HEAD.size)
        kind, length, seconds = _HEAD.unpack_from(self._in, self._at)
        self._at += _HEAD.size
        return Head(kind & ~_LAST, length, seconds, bool(kind & _LAST))

    def read_into(self, target: memoryview) -> None:
        """Fill ``target``: from what is buffered, then straight from the socket."""
        done = min(len(target), len(self._in) - self._at)
        target[:done] = self._in[self._at : self._at + done]
        self._at += done
        while done < len(target):
            try:
                count = self.socket.recv_into(target[done:])
            except BlockingIOError:
                self._block(writing=False)
                continue
            if not count:
                raise EOFError
            done += count

    def _load_piece(self, length: int) -> tuple[Any, Exception | None]:
        if not length:
            return None, None
        self._fill(length)
        start, self._at = self._at, self._at + length
        with memoryview(self._in) as whole, whole[start : self._at] as piece:
            try:
                return pickle.loads(piece), None  # noqa: S301 - our own process wrote it
            except Exception as error:  # noqa: BLE001 - a value's own code runs in there
                return None, error

    def _fill(self, size: int) -> None:
        """Have at least ``size`` bytes buffered."""
        while len(self._in) - self._at < size:
            if self._at:
                del self._in[: self._at]
                self._at = 0
            try:
                data = self.socket.recv(_READ)
            except BlockingIOError:
                self._block(writing=False)
                continue
            if not data:
                raise EOFError
            self._in += data

    def _send(self, data: bytes | bytearray | memoryview) -> None:
        with memoryview(data).cast("B") as view:
            sent = 0
            while sent < len(view):
                try:
                    sent += self.socket.send(view[sent:])
                except BlockingIOError:
                    self._block(writing=True)

    def _block(self, writing: bool) -> None:
        assert self._wait is not None
        self._wait(writing)


class _Writer:
    """The file that one message is pickled into: the end of the buffer, sent when it is long."""

    __slots__ = ("_out", "_send", "_sent", "_start")

    def __init__(self, out: bytearray, send: Callable[[Buffer], None] | None) -> None:
        self._out = out
        self._send = send
        self._start = len(out)
        self._sent = False
        out += _NO_HEAD

    def write(self, data: Buffer) -> int:
        size = memoryview(data).nbytes
        if len(self._out) + size > _PIECE:
            self._send_on(data, size)
        else:
            self._out += data
        return size

    def finish(self, kind: int, seconds: float) -> None:
        """Write the head of the last piece."""
        length = len(self._out) - self._start - _HEAD.size
        _HEAD.pack_into(self._out, self._start, kind, length, seconds)

    def undo(self) -> None:
        """Take the message back."""
        del self._out[self._start :]
        if self._sent:
            self._out += _HEAD.pack(Kind.DROP, 0, 0.0)

    def _send_on(self, data: Buffer, size: int) -> None:
        if self._send is None:
            raise Full
        self.finish(Kind.MORE, 0.0)
        self._sent = True
        self._send(self._out)
        self._out.clear()
        self._start = 0
        if size > _PIECE:
            with memoryview(data).cast("B") as view:
                for start in range(0, size, _LONGEST):
                    part = view[start : start + _LONGEST]
                    self._send(_HEAD.pack(Kind.MORE, len(part), 0.0))
                    self._send(part)
            data = b""
        self._out += _NO_HEAD
        self._out += data


class _Reader:
    """The file that one message of several pieces is unpickled from."""

    __slots__ = ("_channel", "_head", "_left")

    def __init__(self, channel: Channel, length: int) -> None:
        self._channel = channel
        self._left = length
        self._head: Head | None = None

    @property
    def broken(self) -> bool:
        """Whether the message has not come to its end."""
        return self._head is None

    def readinto(self, target: memoryview) -> int:
        done = 0
        while done < len(target) and self._more():
            size = min(len(target) - done, self._left)
            self._channel.read_into(target[done : done + size])
            self._left -= size
            done += size
        return done

    def read(self, size: int) -> bytes:
        data = bytearray(size)
        with memoryview(data) as view:
            done = self.readinto(view)
        return bytes(data[:done])

    def readline(self) -> bytes:
        raise pickle.UnpicklingError("not of protocol 5")

    def skip(self) -> Head:
        """Read up to the end of the message, and return the head of its last piece."""
        while self._more():
            self.read(min(self._left, _READ))
        assert self._head is not None
        return self._head

    def _more(self) -> bool:
        while not self._left and self._head is None:
            head = self._channel.read_head()
            self._left = head.length
            if head.kind != Kind.MORE:
                self._head = head
        return bool(self._left)


def _load(reader: _Reader) -> tuple[Any, Exception | None]:
    try:
        return pickle.Unpickler(reader).load(), None  # noqa: S301 - as above
    except Exception as error:
        if isinstance(error, (EOFError, OSError)) and reader.broken:
            raise
        return None, error
