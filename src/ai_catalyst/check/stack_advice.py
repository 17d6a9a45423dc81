"""Advice for a stall: the first blocking call of the catalogue in the stack that stood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from traceback import FrameSummary

__all__ = ["explain", "qualified"]

_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_FILE = re.compile(r".*(?:site-packages|dist-packages|lib/python3\.\d+)/(.+)\.py$")


def explain(frames: Sequence[FrameSummary]) -> str | None:
    """Return a line on what blocked and what to call instead, or None when nothing is known.

    Hand it to a guard: ``LoopGuard(explain=explain)``. Frames come outermost first.
    """
    from ai_catalyst.check.catalogue import load_catalogue

    catalogue = load_catalogue()
    for frame in frames:
        for path in (qualified(frame), *_written(frame)):
            entry = catalogue.blocks(catalogue.canonical(path)) if path else None
            if path and entry is not None:
                return f"{path} blocks ({entry.kind}): use {entry.advice(path)}"
    return None


def qualified(frame: FrameSummary) -> str | None:
    """Return the dotted name of a library's function that a frame runs; None for one's own code."""
    match = _FILE.search(frame.filename.replace("\\", "/"))
    if match is None:
        return None
    module = match[1].replace("/", ".").removesuffix(".__init__")
    return f"{module}.{frame.name}"


def _written(frame: FrameSummary) -> list[str]:
    """Return the calls as they stand in the line: ``time.sleep(1)`` says enough by itself."""
    found = _CALL.findall(frame.line or "")
    return [name if "." in name else f"builtins.{name}" for name in found]
