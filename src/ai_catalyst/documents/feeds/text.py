"""The texts of a feed: plain, HTML, XHTML or base64, with their language and their addresses."""

from __future__ import annotations

import binascii
import contextlib
import html
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds.model import Text
from ai_catalyst.documents.feeds.names import BASE, LANG, name_of
from ai_catalyst.documents.markup import absolute, attributes_of

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Scope", "inner", "plain", "repaired", "text_of_element"]

_TYPES = {
    "text": "text/plain",
    "plain": "text/plain",
    "html": "text/html",
    "xhtml": "application/xhtml+xml",
}
_MARKUP = re.compile(r"</?[a-zA-Z][\w:-]{0,30}(?:\s[^<>]{0,1000})?/?>|&#?\w{1,30};")
_NAMES = ("href", "src", "cite", "action", "poster", "background", "longdesc", "data")
_ADDRESS = re.compile(
    "=(?:" + "|".join(rf"(?<=\s{name}=)" for name in _NAMES) + ")"
    r"""\s*(["'])(?![a-zA-Z][a-zA-Z0-9+.-]*:|["'])([^"'<>]*)\1""",
    re.IGNORECASE,
)
"""An attribute that is a relative address; it begins with a letter that is found at once."""
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_BASES = ("http:", "https:", "ftp:", "feed:", "file:")
_ODD_SLASHES = re.compile(r"^(https?:)/{3,}", re.IGNORECASE)
_C1 = {code: bytes([code]).decode("cp1252", "ignore") or None for code in range(0x80, 0xA0)}
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"})
_FOREIGN = frozenset({"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"})
_XLINK = "http://www.w3.org/1999/xlink"
_DEEP = 200


@dataclass(slots=True)
class Scope:
    """What an element inherits: its base address and language, and what its feed is.

    ``atom`` is 0 for no Atom, 3 for version 0.3 and 10 for 1.0; ``marked`` tells that somewhere in
    the document a language or base is set.
    """

    base: str = ""
    language: str | None = None
    atom: int = 0
    marked: bool = False
    home: str = ""

    def inside(self, element: _Element) -> Scope:
        """Return the scope of what is in an element."""
        if not self.marked:
            return self
        base, language = element.get(BASE), element.get(LANG)
        if base is None and language is None:
            return self
        return Scope(
            self.base if base is None else _rebased(base, self.base),
            self.language if language is None else _tag(language),
            self.atom,
            True,
            self.home,
        )


def _tag(language: str) -> str | None:
    return language.strip().replace("_", "-") or None


def _rebased(base: str, outer: str) -> str:
    """Return a base within a base; one that no address can be built on counts for nothing."""
    found = absolute(_ODD_SLASHES.sub(r"\1//", base.strip()), outer)
    return outer if _SCHEME.match(found) and not found.lower().startswith(_BASES) else found


def plain(element: _Element) -> str:
    """Return an element's own text, trimmed and repaired."""
    text = element.text
    return repaired(text.strip()) if text else ""


def repaired(text: str) -> str:
    """Undo the two usual accidents: UTF-8 read as Latin-1, and Windows letters as controls."""
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return text.translate(_C1)


def text_of_element(element: _Element, scope: Scope, default: str = "text/plain") -> Text:
    """Return a text construct; ``default`` is its media type when it does not say.

    A text that should be plain but holds markup is called HTML, outside of Atom.
    """
    if scope.marked:
        scope = scope.inside(element)
    elif not scope.atom and not element.attrib and not len(element):
        value = (element.text or "").strip()
        if "<" not in value and value.isascii():  # what most texts of RSS are
            return Text(value, default, scope.language, scope.base)
    said = element.get("type")
    kind = _kind(said, default) if said else default
    if len(element):
        value = _markup(element, scope, kind)
        if kind == "text/plain" and scope.atom != 10:
            kind = "text/html"
    else:
        value = (element.text or "").strip()
    if scope.atom and _is_base64(element, scope.atom, said):
        value = _decoded(value)
    elif kind == "text/plain" and not scope.atom and "<" in value and _MARKUP.search(value):
        kind = "text/html"
    if not value.isascii():
        value = repaired(value)
    if kind != "text/plain" and scope.base and "=" in value:
        value = _ADDRESS.sub(lambda found: _resolved(found, scope.base), value)
    return Text(value, kind, scope.language, scope.base)


def _kind(said: str, default: str) -> str:
    lowered = said.strip().lower()
    return _TYPES.get(lowered) or (lowered if "/" in lowered else default)


def _is_base64(element: _Element, atom: int, said: str | None) -> bool:
    if atom != 10:
        return element.get("mode") == "base64"
    if not said or "/" not in said:
        return False
    kind = said.strip().lower()
    return not (kind.startswith(("text/", "multipart/")) or kind.endswith(("+xml", "/xml")))


def _decoded(value: str) -> str:
    try:
        return b64decode(value).decode("utf-8", "replace").strip()
    except (binascii.Error, ValueError):
        return value


def _resolved(found: re.Match[str], base: str) -> str:
    quote, target = found[1], found[2]
    if "&" in target:
        target = html.unescape(target)
    return f"={quote}{html.escape(absolute(target, base))}{quote}"


def _markup(element: _Element, scope: Scope, kind: str) -> str:
    """Return the markup inside an element; Atom 1.0 wraps XHTML in a ``div`` that is not meant."""
    only = _only_div(element) if scope.atom == 10 else None
    if only is None:
        return inner(element).strip()
    if kind == "text/html" and not len(only):  # escaped markup in a div of its own
        return (only.text or "").strip()
    return inner(only).strip()


def _only_div(element: _Element) -> _Element | None:
    """Return the ``div`` that holds everything in an element, if one does."""
    only = element[0] if len(element) == 1 else None
    if only is None or name_of(only) not in {"xhtml_div", "div"}:
        return None
    return None if (element.text or "").strip() or (only.tail or "").strip() else only


def inner(element: _Element) -> str:
    """Return what is in an element as XHTML, without prefixes for HTML's own elements."""
    pieces: list[str] = []
    _write(element, pieces, 0, frozenset())
    return "".join(pieces)


def _write(element: _Element, pieces: list[str], depth: int, around: frozenset[str]) -> None:
    if element.text:
        pieces.append(_escape(element.text))
    for child in element:
        if depth < _DEEP:
            _tag_of(child, pieces, depth, around)
        if child.tail:
            pieces.append(_escape(child.tail))


def _tag_of(child: _Element, pieces: list[str], depth: int, around: frozenset[str]) -> None:
    """Write an element; ``around`` are the foreign namespaces (MathML, SVG) declared so far."""
    uri, _, local = str(child.tag).rpartition("}")
    attributes = {_attribute(name): value for name, value in attributes_of(child)}
    if uri[1:] in _FOREIGN:
        around = _declared(attributes, uri[1:], around)
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    if local in _VOID and not len(child) and not child.text:
        pieces.append(f"<{local}{written} />")
        return
    pieces.append(f"<{local}{written}>")
    _write(child, pieces, depth + 1, around)
    pieces.append(f"</{local}>")


def _declared(attributes: dict[str, str], uri: str, around: frozenset[str]) -> frozenset[str]:
    """Declare what a foreign element needs, in the order of names; return what is then declared."""
    if uri not in around:
        attributes["xmlns"] = uri
        around = around.difference(_FOREIGN) | {uri}
    if _XLINK not in around and any(name.startswith("xlink:") for name in attributes):
        attributes["xmlns:xlink"] = _XLINK
        around |= {_XLINK}
    ordered = sorted(attributes.items())
    attributes.clear()
    attributes.update(ordered)
    return around


def _attribute(name: str) -> str:
    uri, _, local = name.rpartition("}")
    if not uri:
        return local
    if uri[1:] == _XLINK:
        return f"xlink:{local}"
    return f"xml:{local}" if uri.endswith("XML/1998/namespace") else local


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
