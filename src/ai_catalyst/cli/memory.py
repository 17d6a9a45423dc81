"""How full the memory is: the machine's, or the container's when that has less."""

from __future__ import annotations

from pathlib import Path

__all__ = ["memory_used"]


def memory_used(root: Path = Path("/")) -> float:
    """Return the share of the memory in use, 0 to 1; 0 where nobody can say.

    ``root`` is where ``proc`` and ``sys`` are.
    """
    return max(_of_machine(root), _of_container(root))


def _of_machine(root: Path) -> float:
    lines = _text(root / "proc/meminfo").splitlines()
    known = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    try:
        return 1 - int(known["MemAvailable"][0]) / int(known["MemTotal"][0])
    except (KeyError, IndexError, ValueError, ZeroDivisionError):
        return 0.0


def _of_container(root: Path) -> float:
    """Read the limit and the use of control groups, version 2; reclaimable pages are not in use."""
    group = root / "sys/fs/cgroup"
    most, used = _text(group / "memory.max").strip(), _text(group / "memory.current").strip()
    if not (most.isdigit() and used.isdigit()) or int(most) == 0:
        return 0.0
    stat = dict(line.split(" ", 1) for line in _text(group / "memory.stat").splitlines())
    idle = stat.get("inactive_file", "0")
    return max(0, int(used) - (int(idle) if idle.isdigit() else 0)) / int(most)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")  # catalyst: blocking(no disk)
    except (OSError, ValueError):
        return ""
