"""Our feeds under feedparser's names, so that feedparser's own tests can be put to our parser.

Each test is a feed whose first comment says what to expect, as a Python expression over
feedparser's result. Only the names differ here: every value is taken from `Feed` and `Entry`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from ai_catalyst.documents.feeds import Entry, Feed, Image, Moment, Person, Place, Text, parse_feed
from ai_catalyst.errors import FileError

__all__ = ["Case", "case_of", "holds", "view"]

_EXPECT = re.compile(r"Expect:\s*(.*?)\s*-->", re.DOTALL)
_HEADER = re.compile(r"^\s*Header:\s*([\w-]+)\s*:\s*(.+?)\s*$", re.MULTILINE)
_CODECS = ("utf-8", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_CHARSETS = {
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
    "big5": "Big5",
    "euc_jp": "EUC-JP",
    "euc_kr": "EUC-KR",
    "cp949": "EUC-KR",
    "gb18030": "GB2312",
    "koi8_r": "KOI8-R",
    "koi8-r": "KOI8-R",
    "cp932": "SHIFT_JIS",
    "shift_jis": "SHIFT_JIS",
    "cp874": "TIS-620",
    "tis_620": "TIS-620",
    **{f"cp{number}": f"windows-{number}" for number in range(1250, 1259)},
}
_OVERRIDE = ("another charset", "is not in the charset", "is served as text")


_EVEN_NONE = frozenset({"itunes_explicit"})


class Case(SimpleNamespace):
    """A test: its feed, the expression that must hold, and what the server is to have said."""

    data: bytes
    expect: str
    charset: str | None
    media_type: str
    url: str | None


class View(dict[str, Any]):
    """A mapping with feedparser's other names for things; keys are attributes too."""

    def __missing__(self, name: str) -> Any:
        if name == "categories":
            return [(tag["scheme"], tag["term"]) for tag in self.get("tags", [])]
        for other in _OTHER_NAMES.get(name, ()):
            if other in self:
                return self[other]
        raise KeyError(name)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error

    def has_key(self, name: str) -> bool:
        return name in self


_OTHER_NAMES = {
    "guid": ("id",),
    "date": ("updated",),
    "date_parsed": ("updated_parsed",),
    "description": ("summary", "subtitle"),
    "description_detail": ("summary_detail", "subtitle_detail"),
    "url": ("href",),
    "modified": ("updated",),
    "modified_parsed": ("updated_parsed",),
    "issued": ("published",),
    "issued_parsed": ("published_parsed",),
    "copyright": ("rights",),
    "copyright_detail": ("rights_detail",),
    "tagline": ("subtitle",),
    "tagline_detail": ("subtitle_detail",),
    "updated": ("published",),
    "updated_parsed": ("published_parsed",),
}


def case_of(data: bytes) -> Case | None:
    """Read the comment at the head of a test; None when it has none."""
    for codec in _CODECS:
        head = data[:8192].decode(codec, "ignore")
        if "Expect:" in head:
            break
    else:
        head = data[:8192].decode("latin-1")
    expect = _EXPECT.search(head)
    if not expect:
        return None
    headers = {name.lower(): value for name, value in _HEADER.findall(head)}
    media_type, _, charset = headers.get("content-type", "").partition(";")
    charset = charset.partition("charset=")[2].strip() or None
    return Case(
        data=data,
        expect=expect[1],
        charset=charset,
        media_type=media_type.strip(),
        url=headers.get("content-location"),
    )


def holds(case: Case) -> bool:
    """Tell whether our parser gives what the test expects."""
    try:
        feed = parse_feed(case.data, case.charset, case.url, media_type=case.media_type)
    except FileError:
        names = {"bozo": True, "feed": View(), "entries": [], "version": "", "encoding": ""}
    else:
        names = view(feed)
    names["datetime"] = dt
    names["feedparser"] = SimpleNamespace(CharacterEncodingOverride=_Override)
    try:
        return bool(eval(case.expect, {"__builtins__": {**_SAFE}}, names))
    except Exception:
        return False


class _Override(Exception):
    pass


_SAFE = {"len": len, "ord": ord, "isinstance": isinstance, "float": float, "str": str, "int": int}


def view(feed: Feed) -> dict[str, Any]:
    """Return a feed under feedparser's names."""
    overridden = any(flaw.startswith(_OVERRIDE) for flaw in feed.flaws)
    return {
        "bozo": bool(feed.flaws),
        "bozo_exception": _Override() if overridden else None,
        "encoding": _CHARSETS.get(feed.encoding, feed.encoding),
        "version": feed.version,
        "feed": View(_named(_feed(feed))),
        "entries": [View(_named(_entry(entry))) for entry in feed.entries],
    }


def _named(pairs: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    return (
        (name, value)
        for name, value in pairs
        if name in _EVEN_NONE or (value is not None and value != [])
    )


def _shared(one: Feed | Entry) -> Iterator[tuple[str, Any]]:
    yield from ((name, _extra(value)) for name, value in one.extras.items())
    yield from _text("title", one.title)
    yield "link", one.link or None
    yield "links", [_link(link) for link in one.links]
    yield "id", one.id or None
    for name in ("published", "updated", "created", "expired"):
        yield from _moment(name, getattr(one, name))
    for name, moment in zip(("validity_start", "validity_end"), one.valid or (), strict=False):
        yield from _moment(name, moment)
    yield "authors", [_person(person) for person in one.authors]
    if one.authors:
        yield "author", _signed(one.authors[0])
        yield "author_detail", _person(one.authors[0])
    yield "contributors", [_person(person) for person in one.contributors]
    if one.publisher:
        yield "publisher", _signed(one.publisher)
        yield "publisher_detail", _person(one.publisher)
    yield from _text("rights", one.rights)
    yield "license", one.license or None
    tags = [
        View(term=tag.term, scheme=tag.scheme or None, label=tag.label or None) for tag in one.tags
    ]
    yield "tags", tags
    yield "category", tags[0].term if tags else None
    yield "language", one.language
    yield "image", _image(one.image) if one.image else None
    yield "where", _place(one.place) if one.place else None
    yield "itunes_block", one.block
    yield "itunes_explicit", one.explicit


def _feed(feed: Feed) -> Iterator[tuple[str, Any]]:
    yield from _shared(feed)
    yield from _text("subtitle", feed.subtitle)
    yield from _text("info", feed.info)
    if feed.generator:
        yield "generator", feed.generator.name
        found = {**asdict(feed.generator), "href": feed.generator.url}
        yield "generator_detail", View(_named(iter(found.items())))
    for name, value in (
        ("icon", feed.icon),
        ("logo", feed.logo),
        ("docs", feed.docs),
        ("newlocation", feed.moved_to),
        ("errorreportsto", feed.errors_to),
        ("ttl", feed.ttl),
        ("cloud", View(feed.cloud)),
        ("textinput", View(feed.text_input)),
    ):
        yield name, value or None


def _entry(entry: Entry) -> Iterator[tuple[str, Any]]:
    yield from _shared(entry)
    yield from _text("subtitle", entry.subtitle)
    summary = entry.summary or (entry.content[0] if entry.content else None)
    yield from _text("summary", summary)
    yield "content", [_detail(text) for text in entry.content]
    yield "comments", entry.comments or None
    yield "enclosures", [_enclosure(asdict(link)) for link in entry.enclosures]
    yield "itunes_duration", entry.duration or None
    yield "guidislink", entry.permalink and not any(link.rel == "alternate" for link in entry.links)
    yield "source", View(_named(_feed(entry.source))) if entry.source else None
    if entry.chapters_version:
        chapters = [
            View(asdict(one), start_parsed=dt.timedelta(seconds=one.seconds or 0))
            for one in entry.chapters
        ]
        yield "psc_chapters", View(version=entry.chapters_version, chapters=chapters)
    for name, seen in entry.media.items():
        single = name in {"player", "license", "rating", "restriction", "starrating", "statistics"}
        yield (
            f"media_{name}",
            _restriction(name, seen[0]) if single and seen else list(map(View, seen)),
        )


def _restriction(name: str, found: dict[str, str]) -> View:
    """Split the countries of a restriction, which are words in one text."""
    if name != "restriction":
        return View(found)
    return View(found, content=found.get("content", "").split())


def _text(name: str, text: Text | None) -> Iterator[tuple[str, Any]]:
    if text is not None:
        yield name, text.value
        yield f"{name}_detail", _detail(text)


def _detail(text: Text) -> View:
    found = View(value=text.value, type=text.type, language=text.language, base=text.base)
    return View(found, src=text.src) if text.src else found


def _moment(name: str, moment: Moment | None) -> Iterator[tuple[str, Any]]:
    if moment is not None:
        yield name, moment.raw
        yield f"{name}_parsed", _struct(moment.iso)


def _struct(iso: str | None) -> tuple[int, ...] | None:
    """Return a date as the nine numbers of UTC; what is missing is the beginning."""
    if iso is None:
        return None
    whole = iso + {4: "-01-01", 7: "-01"}.get(len(iso), "")
    moment = dt.datetime.fromisoformat(whole)
    moment = moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    return (*moment.timetuple()[:8], 0)


def _person(person: Person) -> View:
    found = {"name": person.name, "email": person.email, "href": person.url}
    return View({name: value for name, value in found.items() if value})


def _signed(person: Person) -> str:
    if person.name and person.email:
        return f"{person.name} ({person.email})"
    return person.label


def _link(link: Any) -> View:
    found = View({name: value for name, value in asdict(link).items() if value})
    if link.rel != "enclosure":
        found.setdefault("type", "application/atom+xml" if link.rel == "self" else "text/html")
    return found


def _enclosure(found: dict[str, str]) -> View:
    return View({name: found[name] for name in ("href", "length", "type") if found[name]})


def _image(image: Image) -> View:
    found = {name: value for name, value in asdict(image).items() if value}
    sizes = {name: int(found[name]) for name in ("width", "height") if name in found}
    return View(found, **sizes, href=image.url) if image.url else View(found, **sizes)


def _place(place: Place) -> View:
    points: Any = place.points
    if place.kind == "Point":
        points = place.points[0]
    elif place.kind == "Polygon":
        points = (place.points,)
    return View(type=place.kind, coordinates=points)


def _extra(value: Any) -> Any:
    return View(value) if isinstance(value, dict) else value
