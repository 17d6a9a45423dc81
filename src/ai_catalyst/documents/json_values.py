"""JSON cut into its items without decoding it, and decoded in pieces that never hold the loop up.

A long array is scanned with two regular expressions that leap from bracket to bracket; what lies
between is decoded by msgspec. Memory is bounded by the longest item, not by the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ai_catalyst.errors import FileError

__all__ = ["as_record", "decode_json", "json_items"]

_LEVEL = re.compile(rb'[^"{}\[\],]*+')
_INNER = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_MEMBER = re.compile(rb'\s*("[^"\\]*+(?:\\.[^"\\]*+)*+")\s*:', re.DOTALL)
_BORDER = re.compile(rb',\s*+\{\s*+"[^"\\]{1,64}+"')
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANK = b" \t\r\n"

_OPEN, _CLOSE, _QUOTE = b"{[", b"}]", 0x22
AT_ONCE = 2**20
"""What msgspec decodes in one call, in bytes: it does not let go of the interpreter meanwhile."""
_DEPTH = 64
_LEAP = 2**18


class _Scanner:
    """Finds where values end, in bytes that come piece by piece.

    ``ends(array)`` yields the positions of the separators after each value; its state survives the
    end of the buffer, so that no byte is looked at twice.
    """

    def __init__(self, *, sequence: bool) -> None:
        self.buffer = bytearray()
        self.position = 0
        self.depth = 0
        self._in_string = False
        self._sequence = sequence
        self.closed = False

    def ends(self) -> Iterator[int]:
        """Yield the end of each value that ends in the buffer; ``closed`` is set after an array."""
        buffer = self.buffer
        while self.position < len(buffer) and not self.closed:
            pattern = _STRING if self._in_string else _INNER if self.depth else _LEVEL
            match = pattern.match(buffer, self.position)
            assert match is not None
            self.position = match.end()
            if self.position >= len(buffer):
                return
            letter = buffer[self.position]
            if self._in_string and letter != _QUOTE:
                return  # a backslash whose letter has not come yet
            self.position += 1
            if self._step(letter):
                yield self.position

    def _step(self, letter: int) -> bool:
        """Take one structural byte; tell whether a value ends with it."""
        if letter == _QUOTE:
            self._in_string = not self._in_string
            return False
        if letter in _OPEN:
            self.depth += 1
            return False
        if letter in _CLOSE:
            if self.depth:
                self.depth -= 1
                return self._sequence and not self.depth
            self.closed = not self._sequence
            return True
        return not self._sequence  # a comma between the values of an array

    def restart(self) -> None:
        """Go back to the beginning of the buffer, which is the beginning of a value."""
        self.position = self.depth = 0
        self._in_string = False

    def drop(self, end: int) -> None:
        """Forget the bytes before ``end``."""
        del self.buffer[:end]
        self.position = max(0, self.position - end)


def json_items(
    pieces: Iterable[bytes], item_bytes: int, *, array: bool
) -> Iterator[Any | FileError]:
    """Yield the values of one JSON array, or of JSON values that follow each other.

    ``pieces`` begin after the opening bracket of an ``array``. A value that is broken, or longer
    than ``item_bytes``, is yielded as a `FileError` with its line; those after it still come.
    """
    cutter = _Cutter(item_bytes, array)
    for piece in pieces:
        cutter.scanner.buffer += piece
        if cutter.scanner.closed:
            break
        yield from cutter.leap()
        yield from cutter.cut()
    yield from cutter.finish()


class _Cutter:
    """Cuts the buffer of a scanner into values, and keeps count of its lines."""

    def __init__(self, item_bytes: int, array: bool) -> None:
        self.scanner = _Scanner(sequence=not array)
        self._item_bytes = item_bytes
        self._array = array
        self._line = 1
        self._skipping = False
        self._border = b""

    def leap(self) -> Iterator[Any]:
        """Decode all whole items of a uniform array in one call, without scanning them.

        The bytes between two items (a comma and the first key) are looked for from the end. That
        what lies before is valid JSON proves that the border found is a true one.
        """
        scanner = self.scanner
        if not self._border or scanner.position or scanner.depth or self._skipping:
            return
        end = scanner.buffer.rfind(self._border)
        if end < 0:
            return
        try:
            values: list[Any] = msgspec.json.decode(b"[" + scanner.buffer[:end] + b"]")
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return
        yield from values
        self._drop(end + 1)

    def cut(self) -> Iterator[Any | FileError]:
        """Yield the values that end in the buffer, and forget them."""
        scanner = self.scanner
        waits = self._border and not scanner.position and not self._skipping
        if waits and len(scanner.buffer) < min(2 * _LEAP, self._item_bytes):
            return  # the rest after a leap: it ends in the next piece
        start, spans = 0, []
        for end in scanner.ends():
            spans.append((start, end - 1 if self._array else end))
            start = end
        if self._array and start and not self._border:
            self._border = _border(scanner.buffer, start - 1)
        if self._skipping and spans:
            self._skipping = False
            del spans[0]
        yield from _decoded(scanner.buffer, spans, self._line, last=scanner.closed)
        self._drop(start)
        if len(scanner.buffer) > self._item_bytes and not scanner.closed:
            if not self._skipping:
                why = f"an item longer than {self._item_bytes} bytes"
                before = scanner.buffer.count(b"\n", 0, _leading(scanner.buffer, 0, 4096))
                yield FileError(why, line=self._line + before, kind="too_large")
            self._skipping = True
            self._drop(scanner.position)
        elif self._border and not self._skipping and len(scanner.buffer) < _LEAP:
            scanner.restart()

    def _drop(self, end: int) -> None:
        self._line += self.scanner.buffer.count(b"\n", 0, end)
        self.scanner.drop(end)

    def finish(self) -> Iterator[Any | FileError]:
        """Yield what is left after the last piece, and judge it."""
        self._border = b""
        if not self.scanner.closed:
            yield from self.cut()
        yield from _ending(self.scanner, self._line, self._skipping, self._array)


def _border(buffer: bytearray, comma: int) -> bytes:
    """Return the bytes that stand between items: a comma, an opening brace and the first key."""
    match = _BORDER.match(buffer, comma)
    return match[0] if match else b""


def _ending(scanner: _Scanner, line: int, skipping: bool, array: bool) -> Iterator[Any | FileError]:
    """Judge what is left after the last value."""
    rest = bytes(scanner.buffer).strip(_BLANK)
    if scanner.closed:
        if rest:
            yield FileError("there is text after the end of the JSON array", line=line)
    elif array:
        if rest and not skipping and not isinstance(value := decode_json(rest), FileError):
            yield value
        yield FileError("the JSON array ends too early: its closing bracket is missing", line=line)
    elif rest and not skipping:
        yield from _decoded(bytearray(rest), [(0, len(rest))], line, last=False)


def _decoded(
    buffer: bytearray, spans: list[tuple[int, int]], line: int, *, last: bool
) -> Iterator[Any | FileError]:
    counted = 0
    for place, (start, end) in enumerate(spans):
        raw = bytes(memoryview(buffer)[start:end]).strip(_BLANK)
        if not raw:
            if last and place == len(spans) - 1:
                continue  # nothing between the last comma, or the opening bracket, and the end
            value: Any = FileError("an item of the JSON array is empty")
        else:
            value = decode_json(raw.lstrip(b",\x1e \t\r\n") if raw[0] in b",\x1e" else raw)
        if isinstance(value, FileError):
            line += buffer.count(b"\n", counted, start + _leading(buffer, start, end))
            counted = start + _leading(buffer, start, end)
            value.line = line
        yield value


def _leading(buffer: bytearray, start: int, end: int) -> int:
    """Count the blanks before a value, so that its error names the line where it begins."""
    raw = bytes(memoryview(buffer)[start:end])
    return len(raw) - len(raw.lstrip(_BLANK))


def decode_json(raw: bytes) -> Any | FileError:
    """Return one JSON value, or a `FileError` that says what is wrong with it.

    Read leniently: NaN and infinities, wrong UTF-8 and lone surrogates are repaired, not refused.
    """
    try:
        return _decode(raw, 0)
    except RecursionError:
        return FileError("JSON nested too deeply")
    except (ValueError, msgspec.MsgspecError) as error:
        return _second_try(raw, error)


def _decode(raw: bytes, depth: int) -> Any:
    if len(raw) <= AT_ONCE or depth > _DEPTH or raw[:1] not in (b"{", b"["):
        return msgspec.json.decode(raw)
    scanner = _Scanner(sequence=False)
    scanner.buffer += raw[1:]
    parts: list[bytes] = []
    start = 0
    for end in scanner.ends():
        parts.append(bytes(scanner.buffer[start : end - 1]).strip(_BLANK))
        start = end
    if not scanner.closed or bytes(scanner.buffer[start:]).strip(_BLANK):
        raise ValueError("unbalanced")
    if parts == [b""]:
        parts = []
    if raw[:1] == b"[":
        return [_decode(part, depth + 1) for part in parts]
    return dict(_member(part, depth + 1) for part in parts)


def _member(part: bytes, depth: int) -> tuple[str, Any]:
    match = _MEMBER.match(part)
    if match is None:
        raise ValueError("a member of an object has no name")
    name: str = msgspec.json.decode(match[1])
    return name, _decode(part[match.end() :].strip(_BLANK), depth)


def _second_try(raw: bytes, error: Exception) -> Any | FileError:
    """Read what strict JSON refuses but people's files hold."""
    if len(raw) <= AT_ONCE:
        text = raw.decode("utf-8", "catalyst-salvage")
        try:
            return _clean(json.loads(text, strict=False))
        except (ValueError, RecursionError):
            pass
    return FileError(f"not valid JSON: {_reason(error)}")


def _reason(error: Exception) -> str:
    """Say what msgspec found, never the text it found it in."""
    message = str(error)
    if isinstance(error, UnicodeDecodeError):
        return "its text is not UTF-8"
    return message.removeprefix("JSON is malformed: ").removeprefix("Input data was ")


def _clean(value: Any) -> Any:
    """Replace lone surrogates: they cannot be written anywhere again."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def as_record(value: Any) -> Any:
    """Return a value as the fields of a record: what is no object becomes ``{"value": …}``."""
    return value if isinstance(value, (dict, FileError)) else {"value": value}
