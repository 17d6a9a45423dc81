"""What went wrong with a model call, as one typed error that says no more than it may.

An endpoint's own words never reach an error: they may repeat the prompt or the key. Only its error
code does, when it looks like one.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from ai_catalyst.errors import (
    BreakerOpen,
    BudgetExceeded,
    ContentFiltered,
    ContextTooLong,
    EndpointError,
    EndpointTimeout,
    RateLimited,
    RequestRefused,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
from ai_catalyst.io.address import was_refused
from ai_catalyst.io.response import retry_after_s

__all__ = [
    "SchemaUnsupported",
    "broken",
    "outcome_of",
    "refusal",
    "retry_after",
    "shows_sickness",
    "worth_another_try",
]

LASTING = frozenset({400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 501, 505})
SICK = frozenset({401, 402, 403, 404})
"""Statuses that say the endpoint is of no use to anyone, not that this request was wrong."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")
_TOO_LONG = re.compile(
    r"context.{0,3}(length|window|size)|too.{0,3}(long|many.{0,3}tokens)|maximum.{0,3}context"
    r"|exceed.{0,40}(context|token)|prompt.{0,20}too.{0,3}large|n_ctx",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content.{0,3}(filter|policy|management)|moderation|flagged", re.IGNORECASE)
_NO_SCHEMA = re.compile(
    r"response_format|json_schema|output_config|output_format|structured.{0,3}output|guided",
    re.IGNORECASE,
)


class SchemaUnsupported(RequestRefused):
    """Raised when an endpoint does not know how to hold an answer to a schema."""


def refusal(endpoint: str, status: int, headers: Mapping[str, str], body: bytes) -> EndpointError:
    """Return the error for an HTTP status, by what it means for the next try."""
    code, said = _details(body)
    text = f"{endpoint} answered {status}" + (f" ({code})" if code else "")
    wait = retry_after(headers)
    if status == 429 or status == 529 or (status == 503 and wait is not None):
        limited = RateLimited(text, endpoint=endpoint, status=status)
        limited.retry_after_s = wait
        return limited
    if status in {408, 504}:
        return EndpointTimeout(text, endpoint=endpoint, status=status)
    kind: type[EndpointError] = EndpointError
    if status in {400, 413, 422} and _TOO_LONG.search(said):
        kind, text = ContextTooLong, f"{text}: the prompt is longer than the model can read"
    elif status in {400, 403, 422} and _FILTERED.search(said):
        kind, text = ContentFiltered, f"{text}: stopped by the provider's content filter"
    elif status in {400, 422} and _NO_SCHEMA.search(said):
        kind = SchemaUnsupported
    elif status in LASTING or 300 <= status < 400:
        kind, text = RequestRefused, text + _advice(status)
    return kind(text, endpoint=endpoint, status=status)


def _advice(status: int) -> str:
    if status in {401, 403}:
        return ": check the endpoint's key"
    if status == 404:
        return ": check the endpoint's URL and model"
    if 300 <= status < 400:
        return ": redirects are not followed, put the final address into the endpoint's URL"
    return ""


def _details(body: bytes) -> tuple[str, str]:
    """Return a reply's error code, when it looks like one, and its words for classification."""
    said = body[:4096].decode("utf-8", "replace")
    try:
        detail: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "", said
    if isinstance(detail, dict):
        detail = detail.get("error", detail)
    return code_of(detail), said


def code_of(detail: Any) -> str:
    """Return the error code in an error object, or ``""`` when there is none that can be shown."""
    if isinstance(detail, dict):
        for name in ("code", "type"):
            value = detail.get(name)
            if isinstance(value, str) and _CODE.fullmatch(value):
                return value
    return ""


def reported(endpoint: str, detail: Any) -> EndpointError:
    """Return the error for a reply of status 200, or a stream, that reports an error."""
    code = code_of(detail)
    text = f"{endpoint} reported an error in its answer" + (f" ({code})" if code else "")
    said = msgspec.json.encode(detail).decode()[:4096]
    if "rate_limit" in code or "overloaded" in code:
        return RateLimited(text, endpoint=endpoint)
    if _TOO_LONG.search(said):
        return ContextTooLong(text, endpoint=endpoint)
    if _FILTERED.search(said):
        return ContentFiltered(text, endpoint=endpoint)
    return EndpointError(text, endpoint=endpoint)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a reply asks us to wait (``Retry-After-Ms``, seconds, a date), or None."""
    for name, unit in (("Retry-After-Ms", 0.001), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            return retry_after_s(headers)
        if 0 <= seconds < 1e6:
            return seconds
    return None


def broken(endpoint: str, error: Exception) -> EndpointError:
    """Return the error for an exchange that aiohttp or a decoder gave up on."""
    if isinstance(error, EndpointError):
        return error
    if was_refused(error):
        return RequestRefused(
            f"{endpoint} is held to be private, but its name leads to a public address:"
            " nothing was sent",
            endpoint=endpoint,
        )
    kind: type[EndpointError] = EndpointError
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        kind, why = RequestRefused, "its name is not known"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        kind, why = RequestRefused, "its certificate or TLS is not valid"
    elif isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        why = f"no connection ({os.strerror(number) if number else type(error.os_error).__name__})"
    elif isinstance(error, aiohttp.ClientPayloadError):
        why = "its answer was cut off"
    elif isinstance(error, aiohttp.ClientResponseError):
        why = "its answer is not HTTP"
    elif isinstance(error, aiohttp.ClientError | OSError):
        why = f"the connection broke ({type(error).__name__})"
    else:
        why = "its answer cannot be read"
    return kind(f"{endpoint}: {why}", endpoint=endpoint)


def worth_another_try(error: Exception) -> bool:
    """Say whether the same request may succeed at the same endpoint a little later."""
    return isinstance(error, EndpointError) and not isinstance(
        error, RequestRefused | BudgetExceeded | BreakerOpen
    )


def shows_sickness(error: EndpointError) -> bool:
    """Say whether an error speaks against the endpoint, not against the request or our pace."""
    if isinstance(error, RateLimited):
        return False
    return not isinstance(error, RequestRefused) or error.status in SICK or error.status is None


def outcome_of(error: BaseException) -> str:
    """Return the one word for an attempt that ended in ``error``."""
    if isinstance(error, RateLimited):
        return "rate_limited"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, BreakerOpen):
        return "skipped"
    if isinstance(error, RequestRefused):
        return "refused"
    return "failed" if isinstance(error, Exception) else "cancelled"
