"""Which element is which: the many namespaces of feeds, as one short name an element.

A name is ``title`` for an element of the feed formats themselves, ``dc_creator`` for one of a known
module, whatever prefix the feed gave it, and whatever case it was written in.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["BASE", "CORE", "LANG", "RDF", "name_of", "namespace_of"]

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
BASE = "{http://www.w3.org/XML/1998/namespace}base"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"

CORE = frozenset(
    {
        "",
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://backend.userland.com/rss191",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://cyber.law.harvard.edu/rss/rss.html",
        "http://purl.org/rss/1.0",
        "http://my.netscape.com/rdf/simple/0.9",
        "http://channel.netscape.com/rdf/simple/0.9",
        "http://purl.org/net/rss1.1#",
        "http://purl.org/rss/1.0/modules/rss091#",
        "http://example.com/newformat#",
        "http://example.com/necho",
        "http://purl.org/echo",
        "uri/of/echo/namespace#",
        "http://purl.org/pie",
        "http://purl.org/atom/ns#",
        "http://www.w3.org/2005/atom",
    }
)
_MODULES = {
    "http://webns.net/mvcb": "admin",
    "http://purl.org/rss/1.0/modules/aggregation": "ag",
    "http://purl.org/rss/1.0/modules/annotate": "annotate",
    "http://media.tangent.org/rss/1.0": "audio",
    "http://backend.userland.com/blogchannelmodule": "blogchannel",
    "http://web.resource.org/cc": "cc",
    "http://backend.userland.com/creativecommonsrssmodule": "creativecommons",
    "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html": "creativecommons",
    "http://purl.org/rss/1.0/modules/company": "co",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://my.theinfo.org/changed/1.0/rss": "cp",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://purl.org/dc/elements/1.0": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://purl.org/rss/1.0/modules/email": "email",
    "http://purl.org/rss/1.0/modules/event": "ev",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://freshmeat.net/rss/fm": "fm",
    "http://xmlns.com/foaf/0.1": "foaf",
    "http://www.w3.org/2003/01/geo/wgs84_pos#": "geo",
    "http://www.georss.org/georss": "georss",
    "http://www.opengis.net/gml": "gml",
    "http://postneo.com/icbm": "icbm",
    "http://purl.org/rss/1.0/modules/image": "image",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/rss/1.0/modules/link": "l",
    "http://search.yahoo.com/mrss": "media",
    "http://tools.search.yahoo.com/mrss": "media",
    "http://www.rssboard.org/media-rss": "media",
    "http://madskills.com/public/xml/rss/module/pingback": "pingback",
    "http://podlove.org/simple-chapters": "psc",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://prismstandard.org/namespaces/1.2/basic": "prism",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/2000/01/rdf-schema#": "rdfs",
    "http://purl.org/rss/1.0/modules/reference": "ref",
    "http://purl.org/rss/1.0/modules/richequiv": "reqv",
    "http://purl.org/rss/1.0/modules/search": "search",
    "http://a9.com/-/spec/opensearch/1.1": "opensearch",
    "http://purl.org/rss/1.0/modules/slash": "slash",
    "http://schemas.xmlsoap.org/soap/envelope": "soap",
    "http://purl.org/rss/1.0/modules/servicestatus": "ss",
    "http://hacks.benhammersley.com/rss/streaming": "str",
    "http://purl.org/rss/1.0/modules/subscription": "sub",
    "http://purl.org/rss/1.0/modules/syndication": "sy",
    "http://schemas.pocketsoap.com/rss/mydescmodule": "szf",
    "http://purl.org/rss/1.0/modules/taxonomy": "taxo",
    "http://purl.org/syndication/thread/1.0": "thr",
    "http://purl.org/rss/1.0/modules/threading": "thr",
    "http://purl.org/rss/1.0/modules/textinput": "ti",
    "http://madskills.com/public/xml/rss/module/trackback": "trackback",
    "http://wellformedweb.org/commentapi": "wfw",
    "http://purl.org/rss/1.0/modules/wiki": "wiki",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/xml/1998/namespace": "xml",
    "http://www.w3.org/1998/math/mathml": "mathml",
    "http://www.w3.org/2000/svg": "svg",
}


def name_of(element: _Element, home: str = "") -> str:
    """Return an element's short name; ``home`` is the root's namespace, which counts as core.

    An element of an unknown namespace is named by the prefix that the feed itself uses; one whose
    prefix was never declared, by what that prefix usually means.
    """
    name = _known(str(element.tag), home)
    if name[0] != "?":
        return name
    return f"{element.prefix}{name[1:]}".lower() if element.prefix else name


@lru_cache(4096)
def _known(tag: str, home: str) -> str:
    """Return a tag's short name; ``?`` is for the prefix of an unknown namespace."""
    uri, _, local = tag.rpartition("}")
    uri = namespace_of(uri[1:])
    if not uri:
        prefix, colon, rest = local.partition(":")
        if not colon:
            return local.lower() or "?"
        return rest.lower() if prefix.lower() in {"atom", "rss"} else f"{prefix}_{rest}".lower()
    if uri in CORE or uri == home:
        return local.lower()
    return f"{_MODULES.get(uri, '?')}_{local}".lower()


def namespace_of(uri: str) -> str:
    """Return a namespace in the form it is compared in: feeds vary case and the last slash."""
    return uri.strip().lower().rstrip("/")
