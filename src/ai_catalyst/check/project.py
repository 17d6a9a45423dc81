"""Find the files of a project, read them on all cores, remember what was read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ai_catalyst.check.catalogue import load_catalogue
from ai_catalyst.check.extract import extract
from ai_catalyst.check.facts import FileFacts
from ai_catalyst.check.finding import Finding
from ai_catalyst.errors import UserError

__all__ = ["Checked", "check_paths", "read_project"]

_SKIPPED = frozenset(
    {"__pycache__", "node_modules", "site-packages", "build", "dist", ".tox", ".nox", "venv", "env"}
)
_WORTH_PROCESSES = 1_500_000
_MOST_FOLLOWED = 400
_FORMAT = 8
"""Raise it when facts or findings change their shape or their rules."""


@dataclass(slots=True)
class Checked:
    """What a check found: the findings, files that could not be read, and how much was read."""

    findings: list[Finding]
    problems: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    lines: int = 0


class _Kept(msgspec.Struct):
    """A whole result, as it is kept between runs."""

    findings: list[Finding]
    problems: list[tuple[str, str]]
    lines: int


def check_paths(
    paths: Iterable[Path],
    *,
    catalogues: tuple[Path, ...] = (),
    everything: bool = False,
    cache: Path | None = None,
    processes: int | None = 1,
) -> Checked:
    """Check files and folders; one that cannot be parsed is named and the others still checked.

    ``processes`` is how many read at once; None takes all cores when it is worth it, and then the
    caller's main module must be safe to import. ``cache`` is a folder for what was read, or None;
    one that cannot be written does no harm.
    Raises `UserError` for a path that does not exist or a catalogue that cannot be read.
    """
    found = _Files()
    for path in paths:
        found.add(path)
    if not found.contents:
        raise UserError("no Python files there: " + ", ".join(str(p) for p in paths))
    kept = _Cache(cache, catalogues, everything=everything)
    key = kept.whole_key(found.contents)
    known = kept.whole(key)
    if known is None:
        known = _check(found, kept, catalogues, everything, processes)
        kept.save_whole(key, known)
    findings = [f.seen_from(found.prefix) for f in known.findings]
    problems = found.problems + [(found.prefix + p, why) for p, why in known.problems]
    shown = [f for f in findings if found.wanted is None or _within(f, found)]
    return Checked(shown, problems, len(found.contents), known.lines)


def _within(finding: Finding, found: _Files) -> bool:
    return found.wanted is not None and finding.file.removeprefix(found.prefix) in found.wanted


def _check(
    found: _Files,
    kept: _Cache,
    catalogues: tuple[Path, ...],
    everything: bool,
    processes: int | None,
) -> _Kept:
    from ai_catalyst.check.program import Program
    from ai_catalyst.check.reach import reach

    facts = _read_all(found.contents, kept, processes)
    problems = [(path, f.problem) for path, f in facts.items() if f.problem]
    good = {path: f for path, f in facts.items() if not f.problem}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 12_000))
    try:
        findings = reach(Program(good, load_catalogue(catalogues)), everything=everything)
    finally:
        sys.setrecursionlimit(limit)
    return _Kept(findings, problems, sum(f.lines for f in facts.values()))


def read_project(path: Path) -> tuple[Path, dict[str, bytes], dict[str, FileFacts]]:
    """Return the common top, the contents and the facts of every file, by path below the top."""
    found = _Files()
    found.add(path)
    if not found.contents or found.top is None:
        raise UserError(f"no Python files there: {path}")
    facts = _read_all(found.contents, _Cache(None, (), everything=False), 1)
    return found.top, found.contents, facts


# --- files


class _Files:
    """The contents of all files by their path below one common top."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.problems: list[tuple[str, str]] = []
        self.wanted: set[str] | None = None
        self.top: Path | None = None
        self.prefix = ""

    def add(self, path: Path) -> None:
        if not path.exists():
            raise UserError(f"{path}: there is no such file or folder")
        resolved = path.resolve()
        self._settle(resolved if resolved.is_dir() else resolved.parent)
        if path.is_dir():
            before = set(self.contents)
            for file in _walk(resolved):
                self._read(file)
            if self.wanted is not None:
                self.wanted |= set(self.contents) - before
            return
        if self.wanted is None:
            self.wanted = set(self.contents)
        self._read(resolved)
        self.wanted.add(self._name(resolved))
        self._follow(resolved)

    def _settle(self, folder: Path) -> None:
        top = folder
        while (top / "__init__.py").exists() and top.parent != top:
            top = top.parent
        if self.top is None:
            self.top = top
        elif top != self.top:
            self._rebase(Path(os.path.commonpath([self.top, top])))
        self.prefix = self._shown_prefix()

    def _rebase(self, top: Path) -> None:
        assert self.top is not None
        ahead = self.top.relative_to(top).as_posix()
        ahead = "" if ahead == "." else f"{ahead}/"
        self.contents = {ahead + name: data for name, data in self.contents.items()}
        if self.wanted is not None:
            self.wanted = {ahead + name for name in self.wanted}
        self.top = top

    def _shown_prefix(self) -> str:
        assert self.top is not None
        here = Path.cwd().resolve()
        if self.top == here:
            return ""
        if self.top.is_relative_to(here):
            return self.top.relative_to(here).as_posix() + "/"
        if here.is_relative_to(self.top):
            return os.path.relpath(self.top, here).replace(os.sep, "/") + "/"
        return self.top.as_posix().rstrip("/") + "/"

    def _name(self, file: Path) -> str:
        assert self.top is not None
        return file.relative_to(self.top).as_posix()

    def _read(self, file: Path) -> None:
        try:
            if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be waited for, for ever
                raise OSError(errno.EINVAL, "it is no regular file")
            self.contents[self._name(file)] = file.read_bytes()
        except OSError as error:
            self.problems.append((str(file), f"cannot be read: {error.strerror}"))

    def _follow(self, file: Path) -> None:
        """Read what one file imports from beside it, so that helpers are seen."""
        assert self.top is not None
        waiting = [file]
        seen = {file}
        while waiting and len(seen) < _MOST_FOLLOWED:
            current = waiting.pop()
            for target in _imports(current, self.contents.get(self._name(current), b""), self.top):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
                    self._read(target)


def _imports(file: Path, data: bytes, top: Path) -> Iterator[Path]:
    facts = extract(data)
    bound: set[tuple[int, str, str]] = set()
    for function in facts.functions:
        bound.update(tuple(item) for item in function.imports.values())  # type: ignore[misc]
        bound.update((level, dotted, "") for level, dotted in function.stars)
    for level, dotted, name in bound:
        parts = tuple(dotted.split(".")) if dotted else ()
        bases = [file.parents[level - 1]] if level else [file.parent, top]
        for base in bases:
            for steps in ((*parts, name) if name else parts, parts):
                for target in (
                    base.joinpath(*steps).with_suffix(".py"),
                    base.joinpath(*steps, "__init__.py"),
                ):
                    if target.is_relative_to(top) and target.is_file():
                        yield target


def _walk(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        here = Path(current)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not name.startswith(".")
            and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            if name.endswith((".py", ".ipynb")) and not name.startswith("."):
                yield here / name


# --- reading


def _read_all(
    contents: dict[str, bytes], kept: _Cache, processes: int | None
) -> dict[str, FileFacts]:
    keys = {path: kept.key(path, data) for path, data in contents.items()}
    known = kept.load()
    facts = {path: known[key] for path, key in keys.items() if key in known}
    missing = [(path, data) for path, data in contents.items() if path not in facts]
    read = dict(_extract_all(missing, processes))
    kept.save({keys[path]: data for path, data in read.items()} if read else {}, set(keys.values()))
    facts.update({path: _DECODER.decode(data) for path, data in read.items()})
    return {path: facts[path] for path in contents}


_DECODER = msgspec.msgpack.Decoder(FileFacts)
_ENCODER = msgspec.msgpack.Encoder()


def _extract_all(
    files: list[tuple[str, bytes]], processes: int | None
) -> Iterator[tuple[str, bytes]]:
    size = sum(len(data) for _, data in files)
    count = processes or (os.cpu_count() or 1 if size > _WORTH_PROCESSES else 1)
    if count < 2:
        yield from map(_extract, files)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    files = sorted(files, key=lambda item: -len(item[1]))
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        yield from pool.map(_extract, files, chunksize=max(1, len(files) // (count * 8)))


def _extract(file: tuple[str, bytes]) -> tuple[str, bytes]:
    path, data = file
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 6_000))
    try:
        facts = extract(data, notebook=path.endswith(".ipynb"))
        return path, _ENCODER.encode(facts)
    except RecursionError:
        return path, _ENCODER.encode(FileFacts(problem="cannot be parsed: nested too deeply"))
    finally:
        sys.setrecursionlimit(limit)


# --- what is kept


class _Cache:
    """Facts by content, and whole results by everything that goes into them."""

    def __init__(self, folder: Path | None, catalogues: tuple[Path, ...], *, everything: bool):
        self.folder = folder
        self.terms = f"{_FORMAT} {sys.version_info[:2]} {everything} ".encode() + _rules(catalogues)

    def key(self, path: str, data: bytes) -> str:
        notebook = path.endswith(".ipynb")
        start = b"%d %d %d " % (_FORMAT, sys.version_info[1], notebook)
        return hashlib.blake2b(start + data, digest_size=16).hexdigest()

    def whole_key(self, contents: dict[str, bytes]) -> str:
        digest = hashlib.blake2b(self.terms, digest_size=16)
        for path, data in contents.items():
            digest.update(path.encode("utf-8", "surrogateescape") + b"\0%d\0" % len(data))
            digest.update(data)
        return digest.hexdigest()

    def load(self) -> dict[str, FileFacts]:
        data = self._get("facts")
        try:
            known = msgspec.msgpack.decode(data, type=dict[str, msgspec.Raw]) if data else {}
            self._raw = known
            return _Lazy(known)
        except msgspec.MsgspecError:
            self._raw = {}
            return {}

    def save(self, new: dict[str, bytes], wanted: set[str]) -> None:
        if new and self.folder is not None:
            kept = {key: raw for key, raw in self._raw.items() if key in wanted}
            kept.update({key: msgspec.Raw(data) for key, data in new.items()})
            self._put("facts", _ENCODER.encode(kept))

    def whole(self, key: str) -> _Kept | None:
        data = self._get("result")
        if data is None or not data.startswith(key.encode()):
            return None
        try:
            return msgspec.msgpack.decode(data[len(key) :], type=_Kept)
        except msgspec.MsgspecError:
            return None

    def save_whole(self, key: str, kept: _Kept) -> None:
        self._put("result", key.encode() + _ENCODER.encode(kept))

    def _get(self, name: str) -> bytes | None:
        if self.folder is None:
            return None
        try:
            return (self.folder / f"check-{name}").read_bytes()
        except OSError:
            return None

    def _put(self, name: str, data: bytes) -> None:
        if self.folder is None:
            return
        with contextlib.suppress(OSError):  # a read-only tree is checked as well, only slower
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n")  # nobody wants to commit it
            part = self.folder / f"check-{name}.{os.getpid()}"
            part.write_bytes(data)
            part.replace(self.folder / f"check-{name}")


class _Lazy(dict[str, FileFacts]):
    """Facts that are decoded when they are asked for."""

    def __init__(self, raw: dict[str, msgspec.Raw]) -> None:
        super().__init__()
        self._raw = raw

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def __getitem__(self, key: str) -> FileFacts:
        return _DECODER.decode(self._raw[key])


def _rules(catalogues: tuple[Path, ...]) -> bytes:
    """Return a digest of the catalogue and of the checker's own source."""
    digest = hashlib.blake2b(digest_size=16)
    here = Path(__file__).parent
    for path in catalogues:
        if not path.is_file():
            raise UserError(f"cannot read the catalogue {path}: there is no such file")
    for path in (*sorted(here.glob("catalogue/*.toml")), *sorted(here.glob("*.py")), *catalogues):
        with contextlib.suppress(OSError):
            digest.update(path.read_bytes())
    return digest.digest()
