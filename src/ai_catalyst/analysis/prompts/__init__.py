"""What models are told, in files; their text is part of the digest: a changed word, a new key."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from string import Template

__all__ = ["fenced", "fill", "prompt", "prompts_digest"]

_NAMES = ("system", "document", "linked", "part", "merge", "batch")
_FENCE = re.compile(r"<(\s*/?\s*document)(?![\w-])", re.IGNORECASE)


@lru_cache(maxsize=16)
def prompt(name: str) -> str:
    """Return the text of one prompt file."""
    return (files(__name__) / f"{name}.md").read_text("utf-8").strip()


def fill(name: str, **values: object) -> str:
    """Return a prompt with its places filled, in one pass: what is filled in is not read again."""
    return Template(prompt(name)).substitute(values)


def fenced(text: str) -> str:
    """Return `text` without the marks that open and close the document in a prompt."""
    return _FENCE.sub("‹\\1", text)


@lru_cache(maxsize=1)
def prompts_digest() -> bytes:
    """Return a digest of every prompt."""
    digest = hashlib.sha256()
    for name in _NAMES:
        text = prompt(name).encode()
        digest.update(b"%d:" % len(text) + text)
    return digest.digest()
