"""Which links of a page are worth following: the first few that lead to something to read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import urlsplit

from ai_catalyst.store.article_rows import identity_of

__all__ = ["MOST", "references_of"]

MOST = 3
_NOT_READ = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|mp[34]|m4[av]|avi|mov|webm|ogg|wav|zip|t?gz|tar|bz2|xz|7z|rar"
    r"|exe|dmg|apk|iso|css|js|xml|rss|atom|json|woff2?)$",
    re.IGNORECASE,
)
_NO_ARTICLE = re.compile(
    r"(?:^|/)(?:about|contact|imprint|impressum|privacy|datenschutz|terms|legal|cookies?|login|signin"
    r"|log-in|sign-in|register|signup|sign-up|subscribe|newsletter|search|feed|rss|tags?|category"
    r"|categories|author|authors|share|sharer|intent|cart|account|help|faq|sitemap|archive)(?:/|\.|$)",
    re.IGNORECASE,
)


def references_of(
    links: Iterable[str], own: Collection[str], *, known: Collection[str] = (), most: int = MOST
) -> list[str]:
    """Return at most ``most`` of a page's links, in order.

    ``own`` are the page's own addresses, ``known`` the identities of articles that are read anyway.
    Left out are start pages, menus, logins, searches, and what is no text.
    """
    seen = {identity_of(url, "", "", "") for url in own}
    found: list[str] = []
    for link in _readable(links):
        if len(found) >= most:
            break
        identity = identity_of(link, "", "", "")
        if identity not in seen and identity not in known:
            seen.add(identity)
            found.append(link)
    return found


def _readable(links: Iterable[str]) -> Iterator[str]:
    for link in links:
        try:
            place = urlsplit(link)
        except ValueError:
            continue
        path = place.path
        if place.scheme not in {"http", "https"} or path in {"", "/"}:
            continue
        if not _NOT_READ.search(path) and not _NO_ARTICLE.search(path):
            yield link
