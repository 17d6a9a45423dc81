"""``catalyst check`` and ``catalyst migrate``: find what blocks, and mend what can be mended."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.cli.exits import ALL_DONE, SOME_FAILED
from ai_catalyst.cli.terminal import count, print_json, safe_line
from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.check.finding import Finding
    from ai_catalyst.check.migrate import Item

__all__ = ["check", "migrate"]

_BLOCKING_SEVERITIES = ("note", "warning", "error")


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


class Severity(StrEnum):
    """How bad a finding is."""

    note = "note"
    warning = "warning"
    error = "error"


PathsArgument = Annotated[
    list[Path], typer.Argument(help="Files and folders to check.", show_default=False)
]


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders to check.", show_default=False)
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    severity: Annotated[
        Severity, typer.Option("--severity", help="Tell only of these and worse.")
    ] = Severity.note,
    everything: Annotated[
        bool, typer.Option("--all", help="Also calls of microseconds, and async tests.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Leave out what this file knows.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write what is found as known.")
    ] = None,
    diff: Annotated[
        str | None, typer.Option("--diff", help="Only what a change since REV touches.")
    ] = None,
    catalogue: Annotated[
        list[Path] | None, typer.Option("--catalogue", help="A TOML file of your own calls.")
    ] = None,
    from_log: Annotated[
        Path | None,
        typer.Option("--from-log", help="Print a catalogue from what a loop guard logged."),
    ] = None,
    cache: Annotated[bool, typer.Option(help="Remember what was read.")] = True,
) -> None:
    """Find every blocking call that an async function can reach, however deep it lies."""
    from ai_catalyst.check.project import check_paths

    if from_log is not None:
        _print_entries(from_log, tuple(catalogue or ()))
        return
    if not paths:
        raise UserError("name the files or folders to check, such as: catalyst check .")
    checked = check_paths(
        paths,
        catalogues=tuple(catalogue or ()),
        everything=everything,
        cache=_cache_folder() if cache else None,
        processes=None,
    )
    for file, why in checked.problems:
        _say(f"catalyst: {file}: {why}; not checked")
    worst = _BLOCKING_SEVERITIES[_BLOCKING_SEVERITIES.index(severity.value) :]
    found = [f for f in checked.findings if f.severity in worst and not f.allowed]
    allowed = sum(1 for f in checked.findings if f.allowed)
    if diff is not None:
        found = _since(diff, found, paths)
    if write_baseline is not None:
        _write_baseline(write_baseline, found)
        return
    if baseline is not None:
        found = _unknown(baseline, found)
    _print(found, checked.problems, Format.json if as_json else form)
    blocking = [f for f in found if f.cost_ms]
    roots = len({(f.file, f.root) for f in blocking})
    _say(
        f"{count(checked.files, 'file')}, {count(checked.lines, 'line')}: "
        + (
            f"{count(len(blocking), 'blocking call')} reached from {count(roots, 'async function')}"
            if blocking
            else "nothing blocks"
        )
        + (
            f"; {count(len(found) - len(blocking), 'piece')} of advice"
            if len(found) > len(blocking)
            else ""
        )
        + (f"; {allowed} allowed by a comment" if allowed else "")
    )
    if blocking and form is Format.text and not as_json:
        _say(
            "let a call be: `# noqa: blocking(why)` on its line; let be what there is today: "
            "--write-baseline known.json"
        )
    raise typer.Exit(SOME_FAILED if blocking or checked.problems else ALL_DONE)


def _print_entries(log: Path, catalogues: tuple[Path, ...]) -> None:
    from ai_catalyst.check.catalogue import load_catalogue
    from ai_catalyst.check.guard_log import as_catalogue, read_log

    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{log}: cannot be read: {error.strerror}") from error
    for line in as_catalogue(list(read_log(text)), load_catalogue(catalogues)):
        sys.stdout.write(_safe(line) + "\n")


def _since(revision: str, found: list[Finding], paths: list[Path]) -> list[Finding]:
    from ai_catalyst.check.revision import changed_lines, touched

    first = paths[0] if paths[0].is_dir() else paths[0].parent
    return touched(found, changed_lines(revision, first))


def _write_baseline(path: Path, found: list[Finding]) -> None:
    from ai_catalyst.check.baseline import write_baseline

    write_baseline(path, found)
    _say(f"{path}: {count(len(found), 'finding')} written as known")


def _unknown(path: Path, found: list[Finding]) -> list[Finding]:
    from ai_catalyst.check.baseline import read_baseline, split_by_baseline

    new, gone = split_by_baseline(found, read_baseline(path))
    if gone:
        _say(f"{path}: {gone.total()} known before are gone: run --write-baseline {path} again")
    return new


def _print(found: list[Finding], problems: list[tuple[str, str]], form: Format) -> None:
    from ai_catalyst import __version__
    from ai_catalyst.check.report import as_github, as_json, as_sarif, as_text

    if form is Format.json:
        print_json(as_json(found, problems))
    elif form is Format.sarif:
        print_json(as_sarif(found, __version__))
    else:
        lines = as_github(found) if form is Format.github else as_text(found, _line_of)
        for line in lines:
            sys.stdout.write(_safe(line) + "\n")


def _line_of(file: str, line: int) -> str:
    import linecache

    return "" if file.endswith(".ipynb") else linecache.getline(file, line)


def _safe(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + safe_line(line)


def _say(line: str) -> None:
    sys.stderr.write(safe_line(line) + "\n")


def _cache_folder() -> Path:
    import os

    home = os.environ.get("CATALYST_HOME")
    return (Path(home) if home else Path(".catalyst")) / "cache"


def migrate(
    paths: PathsArgument,
    write: Annotated[
        bool, typer.Option("--write", help="Change the files; without it, show the changes.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write over uncommitted changes too.")
    ] = False,
    checklist: Annotated[
        bool, typer.Option("--checklist", help="Only what is done and what is open.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The checklist as JSON.")] = False,
) -> None:
    """Rewrite blocking code to async where that is safe; list what is done and what is open."""
    from dataclasses import asdict
    from importlib.util import find_spec

    if find_spec("libcst") is None:
        raise UserError("migrate needs the extra `migrate`: pip install '.[migrate]'")
    from ai_catalyst.check.migrate import migrate as migration_of

    for path in paths:
        migration = migration_of(path, rewrite=not checklist)
        for file, why in migration.problems:
            _say(f"catalyst: {file}: {why}")
        if write:
            for target in migration.write(force=force):
                _say(f"written: {target}")
            migration.items = migration_of(path, rewrite=False).items
        elif not as_json and not checklist:
            sys.stdout.writelines(migration.diff())
        if as_json:
            items = [asdict(item) for item in migration.items]
            kept = [
                dict(zip(("file", "line", "what", "reason"), k, strict=True))
                for k in migration.kept
            ]
            print_json({"items": items, "kept": kept, "changed": list(migration.after)})
            continue
        _show_checklist(migration.items)
        for file, line, what, reason in migration.kept:
            _say(f"stays: {file}:{line}: {what}: {reason}")


def _show_checklist(items: list[Item]) -> None:
    from ai_catalyst.check.migrate.checklist import SUBJECTS

    for subject in SUBJECTS:
        own = [item for item in items if item.subject == subject]
        done = sum(item.done for item in own)
        _say(f"[{'x' if done == len(own) else ' '}] {subject}: {done} of {len(own)} done")
        for item in own:
            if not item.done:
                sys.stderr.write(
                    f"      [ ] {safe_line(f'{item.file}:{item.line}  {item.what}')}\n"
                )
