"""Where: GeoRSS simple and GML, and W3C's geo, as GeoJSON's kinds with longitude first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds.model import Place
from ai_catalyst.documents.feeds.names import name_of
from ai_catalyst.documents.feeds.text import plain

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["gml_place", "place_of_text"]

_WORLD = "EPSG:4326"
_LONGITUDE_FIRST = ("CRS84",)
_MOST = 100_000
_KINDS = {
    "point": "Point",
    "linestring": "LineString",
    "linearring": "Polygon",
    "polygon": "Polygon",
    "envelope": "Box",
}
Points = tuple[tuple[float, ...], ...]


def place_of_text(text: str, kind: str, *, srs: str = _WORLD, dimensions: int = 2) -> Place | None:
    """Return the place of numbers ``latitude longitude …``; None when they make no place."""
    points = _points(text, dimensions, swapped=_is_geographic(srs))
    enough = {"Point": 1, "Box": 2, "LineString": 2, "Polygon": 4}[kind]
    if len(points) < enough:
        return None
    return Place(kind, points[:1] if kind == "Point" else points, srs or _WORLD)


def _is_geographic(srs: str) -> bool:
    """Tell whether a reference system writes latitude first, as EPSG's geographic ones do."""
    name = srs.strip().upper()
    if not name:
        return True
    number = name.rpartition(":")[2].rpartition("/")[2]
    geographic = number.isdigit() and 4000 <= int(number) < 5000
    return geographic and not any(mark in name for mark in _LONGITUDE_FIRST)


def _points(text: str, dimensions: int, *, swapped: bool) -> Points:
    try:
        numbers = [float(word) for word in text.replace(",", " ").split()[:_MOST]]
    except ValueError:
        return ()
    if dimensions not in {2, 3} or not all(map(math.isfinite, numbers)):
        return ()
    whole = len(numbers) - len(numbers) % dimensions
    rows = [tuple(numbers[i : i + dimensions]) for i in range(0, whole, dimensions)]
    return tuple((row[1], row[0], *row[2:]) for row in rows) if swapped else tuple(rows)


def gml_place(where: _Element) -> Place | None:
    """Return the first shape of GML in an element."""
    for shape in where.iter():
        kind = _KINDS.get(name_of(shape).rpartition("_")[2])
        if kind:
            return _shape(shape, kind)
    return None


def _shape(shape: _Element, kind: str) -> Place | None:
    srs = shape.get("srsName") or _WORLD
    dimensions = 3 if shape.get("srsDimension") == "3" else 2
    corners: list[str] = []
    for child in shape.iter():
        name = name_of(child).rpartition("_")[2]
        if name in {"pos", "poslist", "coordinates", "lowercorner", "uppercorner"}:
            dimensions = 3 if child.get("srsDimension") == "3" else dimensions
            corners.append(plain(child))
            if not name.endswith("corner"):
                break
    return place_of_text(" ".join(corners), kind, srs=srs, dimensions=dimensions)
