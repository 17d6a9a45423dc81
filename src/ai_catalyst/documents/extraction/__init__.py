"""From the HTML of a page to the article in it, and what the page says of itself."""

from __future__ import annotations

from ai_catalyst.documents.extraction.article import Mode
from ai_catalyst.documents.extraction.metadata import Metadata
from ai_catalyst.documents.extraction.page import ReadPage, read_page
from ai_catalyst.documents.extraction.verdict import Problem

__all__ = ["Metadata", "Mode", "Problem", "ReadPage", "read_page"]
