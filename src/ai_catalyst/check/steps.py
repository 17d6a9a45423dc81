"""What a function does at once: a call of ours, or a call that blocks."""

from __future__ import annotations

from dataclasses import dataclass

from ai_catalyst.check.catalogue import Entry
from ai_catalyst.check.program import ClassId, FunctionId

__all__ = ["Sink", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """A call of ours: where, which function, on which class's object; a guess: one of several."""

    line: int
    target: FunctionId
    receiver: ClassId | None = None
    by_self: str = ""
    use: str = ""
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Sink:
    """A blocking call: where, its full name, what the catalogue says."""

    line: int
    name: str
    entry: Entry
    no_timeout: bool = False
    use: str = ""
