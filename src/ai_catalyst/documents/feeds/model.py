"""What a feed says, in one vocabulary whatever its format: `Feed`, `Entry`, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Category",
    "Chapter",
    "Described",
    "Entry",
    "Extra",
    "Feed",
    "Generator",
    "Image",
    "Link",
    "Moment",
    "Person",
    "Place",
    "Text",
]

Extra = str | dict[str, str]
"""An element that no field is for: its text, or its attributes when it has some."""


@dataclass(slots=True)
class Text:
    """A text as the feed has it, and what it is written in.

    ``type`` is a media type (``text/plain``, ``text/html``, ``application/xhtml+xml``, …),
    ``language`` and ``base`` what ``xml:lang`` and ``xml:base`` say; ``src`` is where the text is
    when it is elsewhere. Relative addresses in HTML are made absolute.
    """

    value: str
    type: str = "text/plain"
    language: str | None = None
    base: str = ""
    src: str = ""

    @property
    def is_html(self) -> bool:
        """Whether the value is markup."""
        return self.type in {"text/html", "application/xhtml+xml"}


@dataclass(slots=True)
class Moment:
    """A date: ``raw`` as written, ``iso`` as ISO 8601, None when nobody can read it."""

    raw: str
    iso: str | None


@dataclass(slots=True)
class Person:
    """Somebody who wrote or publishes: what is known of name, e-mail address and web address."""

    name: str = ""
    email: str = ""
    url: str = ""

    @property
    def label(self) -> str:
        """The name, else the address."""
        return self.name or self.email or self.url


@dataclass(slots=True)
class Link:
    """A link; an enclosure is one whose ``rel`` is ``enclosure``. Empty is what was not said."""

    href: str
    rel: str = "alternate"
    type: str = ""
    title: str = ""
    hreflang: str = ""
    length: str = ""


@dataclass(slots=True)
class Category:
    """A category: ``term`` is its word, ``scheme`` who defined it, ``label`` how to show it."""

    term: str = ""
    scheme: str = ""
    label: str = ""


@dataclass(slots=True)
class Generator:
    """The program that wrote the feed."""

    name: str = ""
    version: str = ""
    url: str = ""


@dataclass(slots=True)
class Image:
    """A picture of the feed or an entry; ``url`` is the picture, ``link`` where it leads."""

    url: str = ""
    title: str = ""
    link: str = ""
    description: str = ""
    width: str = ""
    height: str = ""


@dataclass(slots=True)
class Place:
    """Where something happened: GeoJSON's kinds, and (longitude, latitude[, height]) numbers.

    ``kind`` is ``Point`` (one tuple), ``LineString`` or ``Box`` (some), or ``Polygon`` (its rings).
    """

    kind: str
    points: tuple[tuple[float, ...], ...]
    srs: str = "EPSG:4326"


@dataclass(slots=True)
class Chapter:
    """A chapter of a recording: when it starts, as written and in seconds."""

    start: str
    seconds: float | None
    title: str = ""
    href: str = ""
    image: str = ""


@dataclass(slots=True)
class Described:
    """What feeds and entries have in common."""

    title: Text | None = None
    subtitle: Text | None = None
    link: str = ""
    links: list[Link] = field(default_factory=list)
    id: str = ""
    published: Moment | None = None
    updated: Moment | None = None
    created: Moment | None = None
    expired: Moment | None = None
    valid: tuple[Moment | None, Moment | None] | None = None
    authors: list[Person] = field(default_factory=list)
    contributors: list[Person] = field(default_factory=list)
    publisher: Person | None = None
    rights: Text | None = None
    license: str = ""
    tags: list[Category] = field(default_factory=list)
    language: str | None = None
    image: Image | None = None
    place: Place | None = None
    block: bool | None = None
    explicit: bool | None = None
    extras: dict[str, Extra] = field(default_factory=dict)


@dataclass(slots=True)
class Entry(Described):
    """One entry of a feed.

    ``summary`` is the short text, ``content`` every full one; ``comments`` where they are,
    ``comment_count`` how many. ``media`` maps each Media RSS element (``content``, ``thumbnail``,
    ``credit``, ``player``, …) to its occurrences: the attributes, and the text as ``content``.
    ``permalink`` tells that the id is also the entry's address; ``source`` is the feed it is from.
    """

    summary: Text | None = None
    content: list[Text] = field(default_factory=list)
    comments: str = ""
    comment_count: int | None = None
    enclosures: list[Link] = field(default_factory=list)
    media: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    chapters: list[Chapter] = field(default_factory=list)
    chapters_version: str = ""
    duration: str = ""
    permalink: bool = False
    source: Feed | None = None


@dataclass(slots=True)
class Feed(Described):
    """A feed with its entries.

    ``version`` is the format (``rss20``, ``atom10``, ``rss10``, ``cdf``, ``json11``, …),
    ``encoding`` the codec it was read with, ``flaws`` what was wrong with it, in words that stay
    the same. ``ttl_minutes``, ``skip_hours`` (0–23, UTC) and ``skip_days`` (0 is Monday) say when
    to come back; ``update_every_s`` is the syndication module's period. ``moved_to`` is its new
    address.
    """

    version: str = ""
    encoding: str = "utf-8"
    flaws: tuple[str, ...] = ()
    base: str = ""
    entries: list[Entry] = field(default_factory=list)
    generator: Generator | None = None
    info: Text | None = None
    icon: str = ""
    logo: str = ""
    docs: str = ""
    hub: str = ""
    moved_to: str = ""
    errors_to: str = ""
    ttl: str = ""
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    update_period: str = ""
    update_frequency: str = ""
    cloud: dict[str, str] = field(default_factory=dict)
    text_input: dict[str, str] = field(default_factory=dict)

    @property
    def ttl_minutes(self) -> float | None:
        """How long the feed says it may be kept, in minutes."""
        try:
            minutes = float(self.ttl)
        except ValueError:
            return None
        return minutes if 0 <= minutes < 10**7 else None

    @property
    def update_every_s(self) -> float | None:
        """How often the feed says it changes, in seconds (RSS 1.0's syndication module)."""
        period = _PERIODS.get(self.update_period.strip().lower())
        if period is None:
            return None
        try:
            often = float(self.update_frequency or 1)
        except ValueError:
            often = 1.0
        return period / often if often > 0 else None


_PERIODS = {
    "hourly": 3600.0,
    "daily": 86400.0,
    "weekly": 7 * 86400.0,
    "monthly": 30 * 86400.0,
    "yearly": 365 * 86400.0,
}
