"""Read a project, plan, rewrite; write only when asked, and not over uncommitted work."""

from __future__ import annotations

import difflib
import io
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ai_catalyst.check.catalogue import load_catalogue
from ai_catalyst.check.extract import extract
from ai_catalyst.check.facts import FileFacts
from ai_catalyst.check.migrate.checklist import Item, checklist
from ai_catalyst.check.program import Program
from ai_catalyst.check.project import read_project
from ai_catalyst.errors import UserError
from ai_catalyst.io.files import write_atomic

if TYPE_CHECKING:
    from ai_catalyst.check.migrate.plan import Plan

__all__ = ["Migration", "migrate"]

_MOST_ROUNDS = 6


@dataclass(slots=True)
class Migration:
    """What a migration would change: new sources by path, what stays and why, the checklist."""

    folder: Path
    before: dict[str, bytes]
    after: dict[str, str] = field(default_factory=dict)
    kept: list[tuple[str, int, str, str]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def diff(self) -> Iterator[str]:
        """Return the changes as a unified diff, line by line."""
        for path, text in self.after.items():
            before = _lines(self.before[path].decode("utf-8", "replace"))
            for line in difflib.unified_diff(before, _lines(text), f"a/{path}", f"b/{path}"):
                yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"

    def write(self, *, force: bool = False) -> list[Path]:
        """Write every changed file, and return their paths.

        Each file is written whole or not at all. Raises `UserError` when git has uncommitted
        changes in these files, unless forced, and `FileError` when a file cannot be written.
        """
        if not force:
            self._refuse_if_dirty()
        written = []
        for path, text in self.after.items():
            target = self.folder / path
            write_atomic(target, text)
            written.append(target)
        return written

    def _refuse_if_dirty(self) -> None:
        try:
            tree = ["git", "-C", str(self.folder), "status", "--porcelain", "--"]
            done = subprocess.run(  # noqa: S603
                [*tree, "*.py", "*.txt", "*.toml"], capture_output=True, text=True, check=False
            )
        except OSError:
            done = None
        if done is None or done.returncode:
            raise UserError(f"{self.folder} is in no git tree: --force writes all the same")
        if done.stdout.strip():
            first = done.stdout.splitlines()[0][3:]
            raise UserError(
                f"there are uncommitted changes ({first}): commit them first, or give --force"
            )


def _lines(text: str) -> list[str]:
    """Return lines as git counts them: a form feed ends none."""
    return io.StringIO(text, newline="\n").readlines()


def migrate(path: Path, *, rewrite: bool = True) -> Migration:
    """Return what migrating a file or folder would do; nothing is written.

    Raises `UserError` when there is nothing to read, or LibCST is not installed.
    """
    folder, sources, facts = read_project(path)
    good = {name: f for name, f in facts.items() if not f.problem and name.endswith(".py")}
    program = Program(good, load_catalogue())
    found = Migration(folder, sources, items=checklist(program))
    found.problems = [(name, f.problem) for name, f in facts.items() if f.problem]
    if rewrite:
        _rewrite(found, program)
        found.kept += [*_callers_in_notebooks(found, facts), *_entry_points(found)]
    return found


def _entry_points(found: Migration) -> Iterator[tuple[str, int, str, str]]:
    """Return the commands of ``pyproject.toml`` that mean a function which became async."""
    project = found.folder / "pyproject.toml"
    text = project.read_text("utf-8", "replace") if found.after and project.is_file() else ""
    for number, line in enumerate(text.splitlines(), 1):
        for module, name in re.findall(r"""=\s*["']([\w.]+):(\w+)["']""", line):
            ends = [module.replace(".", "/") + end for end in (".py", "/__init__.py")]
            for path, code in found.after.items():
                same = any(f"/{path}".endswith(f"/{end}") for end in ends)
                if same and f"\nasync def {name}(" in f"\n{code}":
                    why = "a command is not awaited: name a function that says asyncio.run"
                    yield project.name, number, f"{module}:{name}", why


def _callers_in_notebooks(
    found: Migration, facts: dict[str, FileFacts]
) -> Iterator[tuple[str, int, str, str]]:
    """Return the notebooks that import a file which changes."""
    changed = {Path(path).stem for path in found.after}
    for path, read in facts.items() if changed else ():
        imports = [item for function in read.functions for item in function.imports.values()]
        names = {part for _, dotted, name in imports for part in (*dotted.split("."), name)}
        if path.endswith(".ipynb") and names & changed:
            yield path, 1, "notebook", "a notebook is not changed: await what is async now"


def _rewrite(found: Migration, program: Program) -> None:
    from ai_catalyst.check.migrate.plan import plan_of

    try:
        from ai_catalyst.check.migrate.rewrite import rewrite
    except ImportError as error:
        raise UserError("LibCST is missing: pip install '.[migrate]'") from error
    first: Plan | None = None
    sources = dict(found.before)
    left = {path for path, data in sources.items() if not _is_utf8(path, data, found)}
    for _ in range(_MOST_ROUNDS):  # what one round makes async may let another function be async
        while True:  # a file that stays holds back what it calls, and who calls it
            plan = plan_of(program, sources, frozenset(left))
            paths = [m.path for m in program.modules if m.path not in left]
            changed = {p: _rewritten(p, sources, plan, rewrite, found) for p in paths}
            refused = {path for path, text in changed.items() if text is None}
            if not refused:
                break
            left |= refused
        first = first or plan
        found.kept = [k for k in plan.kept if first is plan or not _is_made_here(k, found)]
        new = {p: text for p, text in changed.items() if text and text != sources[p].decode()}
        if not new:
            break
        found.after.update(new)
        sources.update({path: text.encode() for path, text in new.items()})
        program = Program(
            {
                m.path: extract(sources[m.path]) if m.path in new else m.facts
                for m in program.modules
            },
            program.catalogue,
        )
    if found.after and first is not None:
        _mend_requirements(found, first)


def _is_made_here(kept: tuple[str, int, str, str], found: Migration) -> bool:
    """Tell whether what keeps something back is a thread that an earlier round has put there."""
    return kept[3].endswith("asyncio.to_thread") and b"to_thread" not in found.before[kept[0]]


def _is_utf8(path: str, data: bytes, found: Migration) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if path.endswith(".py") and path not in dict(found.problems):
            found.problems.append((path, "left as it is: it is not UTF-8"))
        return False
    return True


def _rewritten(
    path: str,
    sources: dict[str, bytes],
    plan: Plan,
    rewrite: Callable[[str, str, Plan], str],
    found: Migration,
) -> str | None:
    """Return a file's new source, None when it has to be left as it is."""
    try:
        text = sources[path].decode("utf-8")
        mark = text[:1] if text.startswith("\ufeff") else ""
        return mark + rewrite(text.removeprefix(mark), path, plan)
    except (ValueError, SyntaxError, RecursionError) as error:
        why = f"left as it is: {error}"
    except Exception as error:  # noqa: BLE001 - one file's odd syntax must not end the others
        why = f"left as it is: {type(error).__name__}: {error}"
    if (path, why) not in found.problems:
        found.problems.append((path, why))
    return None


def _mend_requirements(found: Migration, plan: Plan) -> None:
    from ai_catalyst.check.migrate.requirements import mended, requirement_files

    now = {path: data.decode("utf-8", "replace") for path, data in found.before.items()}
    sources = "\n".join({**now, **found.after}.values())
    for path in requirement_files(found.folder):
        try:
            data = path.read_bytes()
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        new = mended(path.name, text, plan, sources)
        if new != text:
            name = path.relative_to(found.folder).as_posix()
            found.before[name], found.after[name] = data, new
