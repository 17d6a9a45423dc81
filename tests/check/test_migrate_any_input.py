"""Files that nobody has chosen: what is written parses, and a second run changes nothing."""

from __future__ import annotations

import hashlib
import sysconfig
import warnings
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from ai_catalyst.check.migrate import migrate
from ai_catalyst.check.project import check_paths

MOST_BYTES = 12_000
GROUPS = 10
EACH = 24


@cache
def sampled() -> list[Path]:
    """Return some files of the standard library and of installed packages, by hash of the path."""
    homes = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib")]
    found = []
    for home in homes:
        for path in home.rglob("*.py"):
            if home is homes[0] and "site-packages" in path.parts:
                continue
            name = path.relative_to(home).as_posix()
            found.append((hashlib.sha256(name.encode()).digest(), path))
    small = (path for _, path in sorted(found) if path.stat().st_size < MOST_BYTES)
    return list(islice(small, GROUPS * EACH))


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_what_is_written_parses_and_stays(group: int, tmp_path: Path) -> None:
    for number, path in enumerate(sampled()[group::GROUPS]):
        (tmp_path / f"f{number}_{path.name}").write_bytes(path.read_bytes())
    check_paths([tmp_path])
    first = migrate(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file, text in first.after.items():
            compile(text, file, "exec", dont_inherit=True)
    assert not [why for _, why in first.problems if "Error" in why], first.problems
    first.write(force=True)
    assert not migrate(tmp_path).after
