"""One step of a chain of redirects, and what may be carried to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multidict import CIMultiDict
from yarl import URL

from ai_catalyst.errors import UserError
from ai_catalyst.io.address import literal_address
from ai_catalyst.io.failures import BadUrl, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import ClientResponse

__all__ = ["Allowed", "Hop", "bare", "host_key", "link_host", "parse_url"]

# Headers that say nothing about who we are; only these follow a redirect to another host.
IMPERSONAL = frozenset(
    {"accept", "accept-language", "if-modified-since", "if-none-match", "user-agent"}
)


NO_HOST = frozenset(map(chr, range(33))) | frozenset('"<>\\^`{|}\x7f')


class Allowed:
    """The hosts a person allowed by name: ``"intranet"``, or ``"intranet:8080"`` for one port."""

    def __init__(self, names: Iterable[str]) -> None:
        """Read the names; raises `UserError` for what is none (a URL, a pattern)."""
        self._places = frozenset(map(_place, names))

    def __contains__(self, url: URL) -> bool:
        """Say whether a URL's host was allowed."""
        places = self._places
        return bool(places) and ((url.host, None) in places or (url.host, url.port) in places)

    @property
    def hosts(self) -> frozenset[str]:
        """The names without their ports."""
        return frozenset(host for host, _ in self._places)


def _place(name: str) -> tuple[str, int | None]:
    """Split ``host``, ``host:port``, ``::1`` and ``[::1]:port``."""
    name = name.strip()
    bare_v6 = name.count(":") > 1 and "[" not in name
    try:
        url = URL(f"http://[{name}]/" if bare_v6 else f"http://{name}/")
        host, port = url.host or "", url.explicit_port
    except ValueError:
        host, port = "", None
    is_name = not NO_HOST.intersection(host) and not {"*", "/", "@"}.intersection(name)
    if not host or not is_name or (":" in host and literal_address(host) is None):
        raise UserError(f"not a host to allow: {name!r}; write intranet, or intranet:8080")
    return host, port


def link_host(origin: str | None) -> str | None:
    """Return the host of the page that named a URL; None for a file, or nothing at all."""
    try:
        return URL(origin).host if origin else None
    except ValueError:
        return None


@dataclass(slots=True)
class Hop:
    """A request about to be made: where to, with which headers.

    ``named`` says that a person allowed this very host by name, so that it may be private;
    ``cookies`` are those this host set on the way here.
    """

    url: URL
    headers: CIMultiDict[str]
    named: bool
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> tuple[object, ...]:
        """What must differ from hop to hop, or the chain is a circle."""
        return (self.url, *sorted(self.cookies.items()))

    def sent_headers(self) -> CIMultiDict[str]:
        """Return the headers to send, cookies included."""
        if not self.cookies:
            return self.headers
        headers = self.headers.copy()
        ours = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        headers["Cookie"] = f"{headers['Cookie']}; {ours}" if "Cookie" in headers else ours
        return headers

    def following(self, response: ClientResponse, allowed: Allowed) -> Hop:
        """Return where a redirect leads; what is personal stays with the host it was meant for."""
        try:
            url = self.url.join(URL(response.headers["Location"])).with_fragment(None)
        except ValueError as error:
            raise BadUrl(f"{shown(self.url)} redirects to nonsense", url=shown(self.url)) from error
        url = _checked(url).with_user(None)
        if url.host != self.url.host or (self.url.scheme, url.scheme) == ("https", "http"):
            kept = ((key, value) for key, value in self.headers.items() if _impersonal(key))
            named = self.named and url.host == self.url.host and url in allowed
            return Hop(url, CIMultiDict(kept), named)
        if url.origin() == self.url.with_user(None).origin():
            url = url.with_user(self.url.user).with_password(self.url.password)
        cookies = {morsel.key: morsel.value for morsel in response.cookies.values()}
        return Hop(url, self.headers, self.named and url in allowed, self.cookies | cookies)


def _impersonal(header: str) -> bool:
    return header.lower() in IMPERSONAL


def parse_url(url: str) -> URL:
    """Return a URL that can be fetched; raises `BadUrl` for any other."""
    try:
        return _checked(URL(url.strip()))
    except ValueError as error:
        raise BadUrl(f"not a URL: {shown(url)}", url=shown(url)) from error


def _checked(url: URL) -> URL:
    if url.scheme not in {"http", "https"}:
        raise BadUrl(f"{shown(url)}: only http and https can be fetched", url=shown(url))
    if not url.host or NO_HOST.intersection(url.host):
        raise BadUrl(f"{shown(url)} names no host that can exist", url=shown(url))
    return url


def bare(url: URL) -> str:
    """Return a URL as text, without credentials."""
    return str(url.with_user(None) if url.user is not None else url)


def host_key(url: URL) -> str:
    """Return what a host is paced by: its name and port."""
    return f"{url.host}:{url.port}"
