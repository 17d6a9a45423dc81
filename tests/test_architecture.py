"""The house's one rule of traffic: imports point down, never up, never sideways between wings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ai_catalyst

PACKAGE = Path(ai_catalyst.__file__).parent

BELOW: dict[str, set[str]] = {}
"""Each room, and the rooms it may import: itself and everything on lower floors."""

FLOORS = (
    ("errors", "model", "settings"),
    ("engine",),
    ("io",),
    ("store", "privacy", "documents"),
    ("llm",),
    ("core",),
    ("analysis",),
    ("pdf", "articles", "video", "assistant"),
    ("check", "cluster"),
    ("guard",),
    ("cli",),
    ("__init__", "__main__"),
)
EXTRA = {"settings": {"errors"}, "engine": {"errors"}}
NARROWER = {
    "engine": {"engine", "errors"},
    "privacy": {"privacy", "engine", "errors", "model"},
}
"""Rooms that may touch even less than what lies below them."""

for number, floor in enumerate(FLOORS):
    under = {room for lower in FLOORS[:number] for room in lower}
    for room in floor:
        BELOW[room] = NARROWER.get(room, under | {room} | EXTRA.get(room, set()))


def room_of(module: str) -> str:
    """Return the room of a dotted module name of ours."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(path: Path) -> list[tuple[int, str]]:
    """Return (line, module) of each import of ours in a file, the lazy and typing ones too."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            if node.module == "ai_catalyst":
                found += [(node.lineno, f"ai_catalyst.{alias.name}") for alias in node.names]
            elif node.module:
                found.append((node.lineno, node.module))
    return [(line, module) for line, module in found if module.split(".")[0] == "ai_catalyst"]


PUBLIC = {
    "FileProcessor": "documents",
    "LLMProvider": "llm",
    "PIIProcessor": "core",
    "run_sync": "engine",
}
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_what_lies_below_it(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    room = relative.parts[0].removesuffix(".py")
    wrong = []
    for line, module in imports_of(path):
        target = room_of(module)
        target = PUBLIC.get(target, target)
        if target not in BELOW[room] and not (target == "__init__" or target.startswith("__")):
            wrong.append(f"{relative}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_a_floor() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert rooms <= set(BELOW), rooms - set(BELOW)


def test_no_module_starts_a_task_without_an_owner() -> None:
    """`create_task` belongs to a task group, or to the one class that says it owns its task."""
    owners = {
        "engine/background.py",  # the bridge's call: it ends with whoever waits for it
        "engine/batch.py",  # the batch's one supervisor
        "engine/single_flight.py",  # the shared call: it ends when nobody waits for it
        "llm/race.py",  # the legs of one call
        "pdf/desk.py",  # files that share a worker: it ends with them, or when nobody waits
    }
    loose = []
    for path in FILES:
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if not is_call or node.func.attr not in {"create_task", "ensure_future"}:
                continue
            holder = node.func.value
            name_of = getattr(holder, "id", getattr(holder, "attr", ""))
            in_group = "group" in name_of
            if not in_group and name not in owners:
                loose.append(f"{name}:{node.lineno}")
    assert not loose, loose
