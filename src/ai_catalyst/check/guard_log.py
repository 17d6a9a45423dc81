"""What a loop guard wrote to a log, turned into entries of a catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from traceback import FrameSummary

from ai_catalyst.check.catalogue import Catalogue
from ai_catalyst.check.stack_advice import qualified

__all__ = ["Stood", "as_catalogue", "read_log"]

_STALL = re.compile(r"the event loop (?:stood for|still stands after) (\d+) ms")
_FRAME = re.compile(r'^\s+File "([^"]+)", line (\d+), in (\S+)')
_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_NAME = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True)
class Stood:
    """One report of a guard: how long, in which call of a library, from which place of one's own.

    ``name`` is None when the loop stood in one's own code; ``place`` is ``file:line function``.
    """

    milliseconds: int
    name: str | None
    place: str


def read_log(text: str) -> Iterator[Stood]:
    """Return every stall that a log of `LoopGuard` tells of, whatever else is in it."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if _STALL.search(line)]
    for start, end in pairwise([*starts, len(lines)]):
        frames = list(_frames(lines[start + 1 : end]))
        match = _STALL.search(lines[start])
        if frames and match:
            yield _stood(int(match[1]), frames)


def _frames(lines: list[str]) -> Iterator[FrameSummary]:
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        match = _FRAME.match(line)
        if match:
            code = "" if _FRAME.match(after) else after.strip()
            yield FrameSummary(match[1], int(match[2]), match[3], lookup_line=False, line=code)


def _stood(milliseconds: int, frames: list[FrameSummary]) -> Stood:
    """Blame the call that leaves one's own code for the last time."""
    own = [n for n, frame in enumerate(frames) if qualified(frame) is None]
    last = own[-1] if own else 0
    frame = frames[last]
    place = f"{frame.filename}:{frame.lineno} {frame.name}"
    below = qualified(frames[last + 1]) if last + 1 < len(frames) else None
    return Stood(milliseconds, below and _as_written(below, frame.line or ""), place)


def _as_written(name: str, line: str) -> str:
    """Return the name by which the code calls it: ``requests.get`` for ``requests.api.get``."""
    top, last = name.partition(".")[0], name.rpartition(".")[2]
    for written in _CALL.findall(line):
        if written.startswith(f"{top}.") and written.endswith(f".{last}"):
            return str(written)
    return name


def as_catalogue(stalls: list[Stood], known: Catalogue) -> Iterator[str]:
    """Return the lines of a catalogue file with what is not known yet; the rest as comments."""
    yield "# From the log of a loop guard. Look at each: its kind, and what to call instead."
    longest: dict[str, int] = {}
    for stood in stalls:
        name = stood.name
        if name is None or not _NAME.fullmatch(name):
            yield f"# {stood.milliseconds} ms in code of your own: {stood.place}"
        elif known.blocks(known.canonical(name)) is not None:
            yield f"# known already: {name}, called at {stood.place}"
        else:
            longest[name] = max(longest.get(name, 0), stood.milliseconds)
    for name, milliseconds in sorted(longest.items()):
        yield ""
        yield "[[blocks]]"
        yield 'kind = "cpu"'
        yield f"cost_ms = {milliseconds}"
        yield f'replacement = "asyncio.to_thread({name}, …)"'
        yield f'names = ["{name}"]'
