"""What items are called in events and in the journal."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import TypeVar

__all__ = ["default_label", "safely"]

T = TypeVar("T")

_NAME = re.compile(r"\S{1,200}|[^\n]{1,200}\.\w{1,5}|[^\n]{0,200}/[^\n]{0,200}")
_NAMELESS: dict[type, str] = {kind: kind.__name__ for kind in (int, float, bytes, list, dict)}


def default_label(item: object) -> str:
    """Return an item's path or name, else its type: a sentence may be somebody's text."""
    if (nameless := _NAMELESS.get(type(item))) is not None:
        return nameless
    if isinstance(item, str):
        return item if _NAME.fullmatch(item) else "str"
    if isinstance(item, PurePath):
        return item.as_posix()
    name = getattr(item, "name", None) or getattr(item, "uri", None)
    return name if isinstance(name, str) else type(item).__name__


def safely(label: Callable[[T], str]) -> Callable[[T], str]:
    """Wrap a caller's function: an item it cannot name is not worth a batch."""

    def name(item: T) -> str:
        try:
            return label(item)
        except Exception:  # noqa: BLE001 - whatever a caller's function raises
            return type(item).__name__

    return name
