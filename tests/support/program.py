"""The command line, run as the real program in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

FOREIGN = ("CATALYST_", "OPENAI_", "ANTHROPIC_", "MISTRAL_", "DATABASE_URL", "API_", "RATE_LIMIT_")


@dataclass
class Catalyst:
    """The command line, as a person in ``folder`` would use it."""

    folder: Path
    environ: dict[str, str]
    before: tuple[str, ...] = ()
    """What the program is run by, such as ``nice``."""
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, *arguments: str, log: Path | None = None, **environ: str
    ) -> subprocess.Popen[str]:
        """Start a command and return its process; with ``log`` all it says goes there."""
        if log is not None:
            with log.open("w") as file:
                return self._start(arguments, file, file, environ)
        return self._start(arguments, subprocess.PIPE, subprocess.PIPE, environ)

    def _start(
        self,
        arguments: Sequence[str],
        out: IO[str] | int,
        err: IO[str] | int,
        environ: dict[str, str],
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*self.before, sys.executable, "-m", "ai_catalyst", *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            text=True,
        )
        self.started.append(process)
        return process

    def __call__(
        self, *arguments: str, exits: int | None = 0, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and expect an exit code (None: any)."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=90)
        if exits is not None:
            assert process.returncode == exits, f"exit {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)
