"""Word documents: headings, paragraphs and tables in their order, notes, and the core properties.

Read with lxml from the parts themselves: nothing of a document's scripts, links or images is
touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.archive import open_archive, part_of
from ai_catalyst.documents.markup import local_name
from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from lxml.etree import _Element

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_docx"]

_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik)\s*([1-9])", re.IGNORECASE
)
_TITLES = frozenset({"title", "titel", "titre", "título", "titolo"})
_SKIPPED = frozenset({"del", "Fallback", "instrText", "pPr", "rPr", "sectPr", "moveFrom"})
_LISTED = -1
_MEANINGS = {"title": "title", "creator": "author", "subject": "subject", "language": "language"}
_DATES = ("modified", "created")


def read_docx(blob: Blob) -> Iterator[Data]:
    """Yield one item: ``text`` with ``#`` headings, and ``title, author, date`` where known.

    Table rows are lines with `` | `` between the cells. Raises `FileError`.
    """
    with open_archive(blob) as archive:
        body = _part(archive, _main_part(archive))
        if body is None:
            raise FileError("holds no Word document")
        styles = _styles(_part(archive, "word/styles.xml"))
        lines: list[str] = []
        _blocks(body, styles, lines)
        for part in ("word/footnotes.xml", "word/endnotes.xml"):
            notes = _part(archive, part)
            if notes is not None:
                _blocks(notes, styles, lines)
        data = _properties(archive)
    text = "\n\n".join(lines)
    if "title" not in data:
        heading = next((line for line in lines if line.startswith("# ")), "")
        if heading:
            data["title"] = heading[2:]
    yield {"text": text, **data}


def _main_part(archive: zipfile.ZipFile) -> str:
    """Return the name of the document's part: nearly always the usual one."""
    names = archive.namelist()
    if "word/document.xml" in names:
        return "word/document.xml"
    return next((name for name in names if re.fullmatch(r"word/document\d*\.xml", name)), "")


def _part(archive: zipfile.ZipFile, name: str) -> _Element | None:
    from lxml import etree

    data = part_of(archive, name) if name else None
    if data is None:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileError(f"its part {name} is broken") from error
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        raise FileError(f"its part {name} defines entities, as no Word document does")
    return root


def _styles(root: _Element | None) -> dict[str, int]:
    """Return what each style of note means, by its id: a heading's level, or `_LISTED`."""
    levels: dict[str, int] = {}
    for style in root.iter("{*}style") if root is not None else ():
        name = next((_value(child) for child in style.iter("{*}name")), "").strip()
        found = _HEADING.fullmatch(name)
        if found:
            levels[_attribute(style, "styleId")] = int(found[1])
        elif name.lower() in _TITLES:
            levels[_attribute(style, "styleId")] = 1
        elif name.lower().startswith(("list bullet", "list number")):
            levels[_attribute(style, "styleId")] = _LISTED
    return levels


def _attribute(element: _Element, name: str) -> str:
    return next((str(v) for k, v in element.attrib.items() if str(k).endswith("}" + name)), "")


def _value(element: _Element) -> str:
    return _attribute(element, "val")


def _blocks(root: _Element, styles: dict[str, int], lines: list[str]) -> None:
    """Add the text of each paragraph and table under ``root``, in order."""
    stack = [iter(root)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        name = local_name(element)
        if name == "p":
            line = _paragraph(element, styles)
            if line:
                lines.append(line)
        elif name == "tbl":
            rows = [row for row in map(_row, element.iter("{*}tr")) if row]
            if rows:
                lines.append("\n".join(rows))
        elif name and name not in _SKIPPED:
            stack.append(iter(element))  # sections, content controls, notes


def _paragraph(element: _Element, styles: dict[str, int]) -> str:
    text = _text(element).strip()
    if not text:
        return ""
    style = next((_value(child) for child in element.iter("{*}pStyle")), "")
    level = styles.get(style) or _level_of_id(style)
    if level > 0:
        return f"{'#' * min(level, 6)} {' '.join(text.split())}"
    if level == _LISTED or next(element.iter("{*}numPr"), None) is not None:
        return f"- {text}"
    return text


def _level_of_id(style: str) -> int:
    found = _HEADING.fullmatch(style)
    return int(found[1]) if found else 0


def _row(row: _Element) -> str:
    cells = [
        " ".join(" ".join(_text(part) for part in cell.iter("{*}p")).split())
        for cell in row
        if local_name(cell) == "tc"
    ]
    return " | ".join(cells) if any(cells) else ""


def _text(element: _Element) -> str:
    """Return the visible text of a paragraph: inserted text counts, deleted text does not."""
    pieces: list[str] = []
    stack = [iter(element)]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
            continue
        name = local_name(child)
        if name == "t":
            pieces.append(child.text or "")
        elif name in {"tab", "ptab"}:
            pieces.append("\t")
        elif name in {"br", "cr"}:
            pieces.append("\n")
        elif name == "noBreakHyphen":
            pieces.append("-")
        elif name and name not in _SKIPPED:
            stack.append(iter(child))
    return "".join(pieces)


def _properties(archive: zipfile.ZipFile) -> dict[str, Any]:
    found: dict[str, Any] = {}
    values = _children(_part(archive, "docProps/core.xml"))
    for name, meaning in _MEANINGS.items():
        if values.get(name):
            found[meaning] = values[name]
    date = next((values[name] for name in _DATES if values.get(name)), None)
    if date:
        found["date"] = date
    pages = _children(_part(archive, "docProps/app.xml")).get("Pages", "")
    if pages.isdigit() and 0 < int(pages) < 100_000:
        found["pages"] = int(pages)
    return found


def _children(root: _Element | None) -> dict[str, str]:
    children = root if root is not None else ()
    return {local_name(child): (child.text or "").strip() for child in children}


def sniff_docx(sample: Sample) -> int:
    """Know a Word document by the names of its parts."""
    if not sample.head.startswith(b"PK\x03\x04"):
        return 0
    return 90 if b"word/document" in sample.tail or b"word/document" in sample.head else 0


READERS = (
    Reader(
        "docx",
        read_docx,
        extensions=("docx", "docm", "dotx"),
        media_types=("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
        sniff=sniff_docx,
        starts=b"p",
        hostile=True,
    ),
)
