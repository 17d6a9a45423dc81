"""What can go wrong with a fetch: each error is ours, and aiohttp's `ClientError` too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from yarl import URL

from ai_catalyst.errors import CatalystError, SourceError, UnsafeAddress
from ai_catalyst.io.address import was_refused

__all__ = [
    "AddressForbidden",
    "BadUrl",
    "ConnectTimeout",
    "ConnectionFailed",
    "FetchError",
    "FetchTimeout",
    "HttpStatusError",
    "TooLarge",
    "TooManyRedirects",
    "WrongContent",
    "mapped",
    "mapping",
    "shown",
]


def shown(url: str | URL) -> str:
    """Return a URL fit for messages and logs: no credentials, no fragment, no values of a query."""
    try:
        parsed = url if isinstance(url, URL) else URL(url)
        keys = "&".join(f"{key}=…" for key in dict.fromkeys(parsed.query))
        bare = str(parsed.with_user(None).with_query(None).with_fragment(None))
    except (ValueError, TypeError, AttributeError):  # relative, or no URL at all
        return str(url).partition("?")[0].rpartition("@")[2][:200]
    return f"{bare}?{keys}"[:200] if keys else bare[:200]


class FetchError(SourceError, aiohttp.ClientError):
    """Raised when a URL could not be fetched.

    ``url`` is what was asked for, without its secrets; ``retry_after_s`` how long the server asked
    us to wait, when it did.
    """

    retry_after_s: float | None = None

    def __init__(self, message: str, *, url: str = "") -> None:
        """Keep the URL beside the message."""
        super().__init__(message)
        self.url = url


class BadUrl(FetchError):
    """Raised when a URL, or one it redirects to, cannot be fetched by any client of ours."""


class AddressForbidden(UnsafeAddress, FetchError):
    """Raised when a URL leads to an address that must not be dialled; nothing was sent there."""


class ConnectionFailed(FetchError):
    """Raised when no connection could be made, or it broke before the answer was complete."""


class FetchTimeout(FetchError, TimeoutError):
    """Raised when the answer was not complete within the deadline, or came too slowly."""


class ConnectTimeout(FetchTimeout, ConnectionFailed):
    """Raised when the server did not take the connection in time."""


class TooLarge(FetchError):
    """Raised when an answer is larger than allowed, as sent or when decoded."""


class WrongContent(FetchError):
    """Raised when an answer has a type nobody asked for, or an encoding that cannot be undone."""


class TooManyRedirects(FetchError):
    """Raised when a URL redirects too often, or in a circle."""


class HttpStatusError(FetchError):
    """Raised when the server answers with an error; ``status`` is its number."""

    def __init__(
        self, message: str, *, url: str = "", status: int, retry_after_s: float | None = None
    ) -> None:
        """Keep the status, and how long to wait, beside the message."""
        super().__init__(message, url=url)
        self.status = status
        self.retry_after_s = retry_after_s


@contextmanager
def mapping(url: URL) -> Iterator[None]:
    """Turn what aiohttp and the system raise in the block into our errors, naming ``url``."""
    try:
        yield
    except CatalystError:
        raise
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise mapped(error, url) from error


def mapped(error: Exception, url: URL) -> FetchError:
    """Return our error for one of aiohttp's or the system's; it says nothing of what was sent."""
    if isinstance(error, aiohttp.ClientError):
        return _of_aiohttp(error, url)
    name = shown(url)  # beside aiohttp: a header or host it cannot send
    return FetchError(f"{name}: {type(error).__name__}", url=name)


def _of_aiohttp(error: aiohttp.ClientError, url: URL) -> FetchError:
    name = shown(url)
    if was_refused(error):
        return AddressForbidden(
            f"{name} leads to an address that is not public; `--allow-host` allows it",
            url=name,
        )
    if isinstance(error, TimeoutError):
        return ConnectTimeout(f"{name}: the server does not take the connection", url=name)
    if isinstance(error, aiohttp.InvalidURL):
        return BadUrl(f"{name} is no URL that can be dialled", url=name)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ConnectionFailed(f"{name}: the name is not known", url=name)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return FetchError(f"{name}: the server's certificate or TLS is not valid", url=name)
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectionFailed(f"{name}: no connection ({error.os_error.strerror})", url=name)
    if isinstance(error, aiohttp.ClientResponseError):
        return FetchError(f"{name}: the answer is not HTTP", url=name)
    return ConnectionFailed(f"{name}: the connection broke ({type(error).__name__})", url=name)
