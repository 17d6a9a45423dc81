"""Which private hosts may be read: those a person allowed by name."""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["allowed_hosts"]


def allowed_hosts(given: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the hosts given and those of ``CATALYST_ALLOW_HOSTS``, each once."""
    named = os.environ.get("CATALYST_ALLOW_HOSTS", "").split(",")
    return tuple(dict.fromkeys([*given, *(name.strip() for name in named if name.strip())]))
