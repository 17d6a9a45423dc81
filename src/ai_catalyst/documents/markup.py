"""XML and HTML of strangers, parsed under caps: no entity, no network, no depth is followed."""

from __future__ import annotations

import codecs
import html
import re
from functools import lru_cache
from html.entities import html5, name2codepoint
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ai_catalyst.documents.encoding import decode, encoding_of_mark
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

__all__ = [
    "absolute",
    "attributes_of",
    "codec_of",
    "decode_markup",
    "flat_text",
    "fragment_text",
    "html_tree",
    "is_web",
    "links_of",
    "local_name",
    "mended_xml",
    "text_of",
    "tidy_xml",
    "xml_tree",
]

_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""What browsers read in place of the charset that was declared: the same, and more."""
_NEVER = frozenset(
    {"idna", "punycode", "undefined", "utf-7", "unicode-escape", "raw-unicode-escape"}
)
"""Codecs that no page is in, and that take long or mean harm."""
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{2,40})|<meta[^>]{0,400}?\bcharset\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,1000}\?>")
_DOCTYPE = re.compile(
    r"\s*+(?>(?><\?.{0,1000}?\?>|<!--.{0,10000}?-->)\s*+)*+"
    r"<!DOCTYPE[^>\[]{0,2000}(?:\[(.*?)\]\s*)?>",
    re.DOTALL | re.IGNORECASE,
)
_ENTITY = re.compile(
    r"""<!ENTITY\s+([\w.:-]{1,64})\s+(?:"([^"&%<]{0,1024})"|'([^'&%<]{0,1024})')\s*>"""
)
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][\w.:-]{0,63});")
_BARE_AMPERSAND = re.compile(r"&(?!(?:[A-Za-z_][\w.:-]{0,63}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_EXPANDED = 2**20
"""Letters that references to a document's own entities may become, in all."""

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_USUAL = ("https://", "http://")
_SILENT = frozenset({"script", "style", "noscript", "template", "head", "svg", "iframe", "object"})
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """
        address article aside blockquote body center dd details div dl dt fieldset figcaption
        figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p pre section
        summary table tbody tfoot thead title tr ul
        """,
    )
)
_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"})
_SILENT_SPAN = re.compile(
    r"<(script|style|noscript|template|svg)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*+)[^<>]*+>|<[!?][^<>]*+>")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r" ?\n ?(?:\s*\n)?")


def decode_markup(data: bytes, charset: str | None = None) -> str:
    """Return XML or HTML as text: by its mark, the server's word, its own word, or its look."""
    if encoding_of_mark(data[:4]):
        return decode(data)
    found = _DECLARED.search(data[:4096])
    own = (found[1] or found[2]).decode("ascii") if found else None
    for name in (charset, own):
        if name and not name.lower().startswith(("utf-16", "utf-32", "ucs")):
            try:
                return _unix(data.decode(codec_of(name) or "undefined"))
            except (LookupError, UnicodeError):
                continue
    return decode(data, codec_of(own) if own else None)


def codec_of(name: str) -> str | None:
    """Return the codec to read a declared charset with, its superset where that is usual.

    None for a charset that nobody knows, and for a codec that no page is in.
    """
    try:
        codec = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    if codec.replace("_", "-") in _NEVER:
        return None
    return "utf-8" if codec == "utf-8-sig" else _SUPERSETS.get(codec, codec)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")


def xml_tree(text: str) -> _Element | None:
    """Parse XML, mending what is broken; None when nothing of it can be had.

    Entities are not expanded but for the five of XML, those of HTML, and plain short ones that the
    document itself defines. Nesting beyond 256 ends the document.
    """
    return mended_xml(tidy_xml(text))


def tidy_xml(text: str) -> str:
    """Return XML without its declaration and document type, and with no entity but XML's five.

    Ampersands that stand alone are escaped, and letters that XML forbids are gone.
    """
    text = _XML_DECLARATION.sub("", text, count=1)
    text, own = _without_doctype(text)
    text = _FORBIDDEN.sub("", text).replace("&#X", "&#x")
    left = _EXPANDED

    def replaced(found: re.Match[str]) -> str:
        nonlocal left
        value = _named(found[1], own if left > 0 else {})
        left -= len(value)
        return value

    return _BARE_AMPERSAND.sub("&amp;", _REFERENCE.sub(replaced, text))


def mended_xml(text: str) -> _Element | None:
    """Parse tidied XML, closing what was left open; None when nothing of it can be had."""
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """Cut the document type out; return the plain entities it defined."""
    found = _DOCTYPE.match(text, 0, 2**20)
    if not found:
        return text, {}
    own = {name: one or two for name, one, two in _ENTITY.findall(found[1] or "")[:256]}
    return text[found.end() :], own


def _named(name: str, own: dict[str, str]) -> str:
    if name in own:
        return html.escape(own[name])
    letter = chr(name2codepoint[name]) if name in name2codepoint else html5.get(name + ";")
    return html.escape(letter) if letter else f"&amp;{name};"


def html_tree(text: str) -> HtmlElement:
    """Parse a web page; `FileError` when it is nested beyond reason or there is nothing in it."""
    from lxml import etree
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    data = _FORBIDDEN.sub("", _XML_DECLARATION.sub("", text, count=1)).encode("utf-8", "replace")
    try:
        tree = lxml_html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise FileError("there is nothing in this page") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise FileError("the page is nested too deeply", kind="too_large")
    return tree


def local_name(element: _Element) -> str:
    """Return an element's name without its namespace; "" for what is no element."""
    tag: Any = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attributes_of(element: _Element) -> list[tuple[str, str]]:
    """Return an element's attributes; none of them when there are more than 256.

    lxml takes the square of their number to list them.
    """
    told = element.attrib
    return [(str(key), str(value)) for key, value in told.items()] if len(told) <= 256 else []


def text_of(root: _Element) -> str:
    """Return what a person reads of a tree: blocks on lines of their own, cells apart."""
    pieces: list[str] = []
    _gather(root, pieces)
    return _tidy("".join(pieces))


def _gather(root: _Element, pieces: list[str]) -> None:
    """Walk without recursion: a tree may be deeper than the stack."""
    stack: list[tuple[_Element, bool]] = [(root, False)]
    while stack:
        element, left = stack.pop()
        name = local_name(element).lower()
        if left:
            pieces.append("\n\n" if name in _APART else "\n" if name in _BLOCKS else "")
            pieces.append("\t" if name in {"td", "th"} else "")
            if element is not root and element.tail:
                pieces.append(element.tail)
            continue
        stack.append((element, True))
        if name in _SILENT or not name:
            continue
        if name in _BLOCKS or name == "br":
            pieces.append("\n- " if name == "li" else "\n")
        if element.text:
            pieces.append(element.text)
        stack.extend((child, False) for child in reversed(element))


def flat_text(text: str) -> str:
    """Return the text of a page without parsing it: tags are cut out, in one pass.

    For pages that no parser can take, and as the last resort after one that killed its worker.
    """
    cut = _TAG.sub(_break, _SILENT_SPAN.sub(" ", text))
    return _tidy(html.unescape(cut))


def _break(tag: re.Match[str]) -> str:
    return "\n" if (tag[2] or "").lower() in _BLOCKS or tag[2] == "br" else ""


def _tidy(text: str) -> str:
    """Trim blanks within lines, and leave at most one empty line between them."""
    return _LINES.sub(_gap, _SPACES.sub(" ", text)).strip()


def _gap(found: re.Match[str]) -> str:
    return "\n\n" if found[0].count("\n") > 2 else "\n"


def fragment_text(fragment: str) -> str:
    """Return the plain text of a piece of HTML, such as a feed's summary."""
    if "<" not in fragment and "&" not in fragment:
        return fragment.strip()
    try:
        return text_of(html_tree(fragment))
    except FileError:
        return flat_text(fragment)


def absolute(target: str, base: str) -> str:
    """Return an address made absolute; as it was where that cannot be."""
    if target.startswith(_USUAL):
        return target.strip() if target[5:8] != "///" else _joined(target.strip(), base)
    target = target.strip()
    if not base or _SCHEME.match(target):
        return target
    if target.startswith("/") and not target.startswith("//") and "/." not in target:
        return _origin(base) + target
    return _joined(target, base)


@lru_cache(1024)
def _origin(base: str) -> str:
    """Return scheme and host of a base, where addresses that begin with a slash start."""
    return _joined("/", base).removesuffix("/")


def _joined(target: str, base: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def is_web(address: str) -> bool:
    """Tell whether an address is one that can be fetched: of the web, and with a host."""
    if not address.startswith(_USUAL):
        return False
    try:
        return bool(urlsplit(address).hostname) if "[" in address else len(address) > 8
    except ValueError:
        return False


def links_of(tree: HtmlElement, base: str | None = None, limit: int = 200) -> list[str]:
    """Return the web addresses a page links to, absolute, each once, in order."""
    found: dict[str, None] = {}
    for element in tree.iter("a"):
        target = (element.get("href") or "").strip()
        if not target:
            continue
        address = absolute(target, base or "").partition("#")[0]
        if is_web(address):
            found[address] = None
            if len(found) >= limit:
                break
    return list(found)
