"""What models are told about fields, in files; their text is part of an extractor's options."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from string import Template

__all__ = ["filled", "prompt"]


@lru_cache(maxsize=8)
def prompt(name: str) -> str:
    """Return the text of one prompt file."""
    return (files(__name__) / f"{name}.md").read_text("utf-8").strip()


def filled(name: str, **values: object) -> str:
    """Return a prompt with its places filled, in one pass: what is filled in is not read again."""
    return Template(prompt(name)).substitute(values)
