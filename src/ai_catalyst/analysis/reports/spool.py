"""Where a report keeps the parts that cannot be written yet: on disk beyond a megabyte."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Protocol, cast

__all__ = ["Output", "Spools", "copy_lines"]

_IN_MEMORY = 2**20


class Output(Protocol):
    """Anything text can be written to."""

    def write(self, text: str, /) -> object:
        """Take a piece of the report."""
        ...


class Spools:
    """Opens temporary text files in one folder; all of them vanish with `stack`."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        """Tie the files to `stack`."""
        self._stack = stack
        self._folder = folder

    def open(self) -> IO[str]:
        """Return a new spool, in memory as long as it is small."""
        spool = self._stack.enter_context(
            tempfile.SpooledTemporaryFile(  # noqa: SIM115 - the stack is its context
                max_size=_IN_MEMORY,
                mode="w+",
                encoding="utf-8",
                newline="",
                dir=str(self._folder),
            )
        )
        return cast(IO[str], spool)


def copy_lines(spool: IO[str], out: Output) -> None:
    """Append everything a spool holds, in blocks."""
    spool.seek(0)
    shutil.copyfileobj(spool, cast(IO[str], out), 2**18)
