"""What a node has, told by the node itself; sent there as it is, so it needs nothing of ours."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Sequence
from typing import Any

__all__ = ["versions"]


def versions(extras: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
    """Return versions, which of some modules are there, and which of some variables are set."""

    def version(name: str) -> str:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return ""

    return {
        "python": platform.python_version(),
        "ray": version("ray"),
        "ai-catalyst": version("ai-catalyst"),
        "missing": [name for name in extras if importlib.util.find_spec(name) is None],
        "keys": [name for name in keys if os.environ.get(name)],
    }
