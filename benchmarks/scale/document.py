"""Tables in a document, each between two marks: ``<!-- scale: needs -->`` and ``<!-- end -->``."""

from __future__ import annotations

import re

from benchmarks.scale.tables import SECTIONS

MARKED = re.compile(r"<!-- scale: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def with_tables(text: str) -> str:
    """Return the document with the tables that the plan prints now."""

    def fresh(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<!-- scale: {name} -->\n\n{SECTIONS[name]()}\n\n<!-- end -->"

    return MARKED.sub(fresh, text)
