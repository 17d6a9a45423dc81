"""Which process is this, and does that one still live?

A pid alone does not say: pids are reused. A process is its machine (host, boot, pid namespace), its
pid and the time it was started.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "this_process"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process; ``started`` is what its system says, only to be compared."""

    host: str
    pid: int
    started: str

    def is_here(self) -> bool:
        """Whether it is, or was, on this machine, so that we can see if it lives."""
        return self.host == _host()

    def is_dead(self) -> bool:
        """Whether it has surely ended; never for a process of another machine."""
        if not self.is_here():
            return False
        started = _started(self.pid)
        return started is not None and started != self.started


def this_process() -> Process:
    """Return the process this code runs in."""
    return Process(_host(), os.getpid(), _started(os.getpid()) or "")


@functools.lru_cache(maxsize=1)
def _host() -> str:
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:  # no /proc: macOS and others
        pass
    return " ".join(parts)


def _started(pid: int) -> str | None:
    """Return the start time of a process, "" when it does not live, None when nobody can tell."""
    if Path("/proc/self/stat").exists():
        return _started_in_proc(pid)
    if sys.platform == "win32":  # pragma: no cover - leases expire there
        return None
    return _started_by_ps(pid)


def _started_in_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    except OSError:
        return None
    # pid (name) state … start time is the 22nd field; the name may hold spaces and brackets.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return "" if fields[0] in b"ZX" else fields[19].decode("ascii")


def _started_by_ps(pid: int) -> str | None:
    try:
        found = subprocess.run(  # noqa: S603
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=5,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    state, _, started = found.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
