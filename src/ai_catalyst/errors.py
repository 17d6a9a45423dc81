"""One tree of errors, by who failed.

A message says what failed, on which item, and what to do about it. It never holds a key, a prompt
or a person's text. Errors of other libraries are mapped where they enter (``raise … from``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "AllEndpointsFailed",
    "BlockingCallWarning",
    "BreakerOpen",
    "BudgetExceeded",
    "CatalystError",
    "ContentFiltered",
    "ContextTooLong",
    "EndpointError",
    "EndpointTimeout",
    "FileError",
    "FileTimeout",
    "ItemCancelled",
    "ItemTimeout",
    "PIIError",
    "PrivacyError",
    "ProcessingError",
    "RateLimited",
    "RequestRefused",
    "SourceError",
    "StoreError",
    "StoreTimeout",
    "UnsafeAddress",
    "UserError",
    "WorkerCrashed",
    "WorkerError",
    "WorkerOutOfMemory",
    "WorkerTimeout",
]


class CatalystError(Exception):
    """Raised when anything of ours fails; the root of the tree.

    Every error of the tree survives pickling, so that a worker process can hand it on.
    """

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild by attributes, whatever the constructor's signature is."""
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))


def _rebuild(
    kind: type[CatalystError], args: tuple[object, ...], state: dict[str, object]
) -> CatalystError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UserError(CatalystError):
    """Raised when the caller asked for something that cannot be: a wrong flag, setting or path."""


class SourceError(CatalystError):
    """Raised when a document could not be had or understood."""


class FileError(SourceError):
    """Raised when a file cannot be read or is not what it claims to be.

    ``path`` names the file, ``line`` the line in it (from 1) where that is known, ``kind`` what
    went wrong, in one word: ``missing``, ``unreadable``, ``empty``, ``unsupported``,
    ``malformed``, ``encrypted``, ``too_large``, ``changed``, ``timeout``, ``crashed`` or
    ``out_of_memory``.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        kind: str = "malformed",
    ) -> None:
        """Keep where it happened, and what, beside the message."""
        super().__init__(message)
        self.path = path
        self.line = line
        self.kind = kind


class FileTimeout(FileError, TimeoutError):
    """Raised when reading a file took longer than allowed."""


class ProcessingError(SourceError):
    """Raised when a document was read but could not be processed."""


class ItemCancelled(ProcessingError):
    """Raised when the work on one item of a batch was cancelled from within, not by the batch."""


class ItemTimeout(ProcessingError, TimeoutError):
    """Raised when one item of a batch took longer than the batch allows an item."""


class UnsafeAddress(SourceError):
    """Raised when a URL leads to an address that must not be dialled (loopback, private, …)."""


class EndpointError(CatalystError):
    """Raised when a model endpoint failed.

    ``endpoint`` is its name, ``status`` the HTTP status where there was one.
    """

    def __init__(
        self, message: str, *, endpoint: str | None = None, status: int | None = None
    ) -> None:
        """Keep the endpoint and its status beside the message."""
        super().__init__(message)
        self.endpoint = endpoint
        self.status = status


class RateLimited(EndpointError):
    """Raised when an endpoint asks us to slow down; ``retry_after_s`` when it said for how long."""

    retry_after_s: float | None = None


class EndpointTimeout(EndpointError, TimeoutError):
    """Raised when an endpoint did not answer within its deadline."""


class RequestRefused(EndpointError):
    """Raised when an endpoint will not take this request, however often it is made."""


class ContextTooLong(RequestRefused):
    """Raised when a prompt is longer than the model can read; shorten it, or take another model."""


class ContentFiltered(RequestRefused):
    """Raised when a provider's content filter stopped the request or the answer."""


class BreakerOpen(EndpointError):
    """Raised when a resource failed so often that it is left alone for now.

    ``retry_after_s`` says when it is probed again.
    """

    retry_after_s: float | None = None


class AllEndpointsFailed(EndpointError):
    """Raised when no endpoint gave an answer.

    ``attempts`` lists an `ai_catalyst.llm.Attempt` (endpoint, outcome, error, seconds) for each.
    """

    def __init__(self, message: str, attempts: Sequence[Any] = ()) -> None:
        """Keep every attempt beside the message."""
        super().__init__(message)
        self.attempts = list(attempts)


class BudgetExceeded(EndpointError):
    """Raised before a call that would cost more than is left of the budget."""


class PrivacyError(CatalystError):
    """Raised when text must not leave, or could not be made fit to leave."""


class PIIError(PrivacyError):
    """Raised when personal data could not be removed as asked."""


class WorkerError(CatalystError):
    """Raised when a worker process failed on a task; the other tasks are unharmed."""


class WorkerCrashed(WorkerError):
    """Raised when the process that ran the task died (a signal, an exit)."""


class WorkerTimeout(WorkerError, TimeoutError):
    """Raised when a task outlived its deadline and its process was killed."""


class WorkerOutOfMemory(WorkerError):
    """Raised when a task asked for more memory than its process may have."""


class StoreError(CatalystError):
    """Raised when the store cannot be read or written (disk full, locked, damaged)."""


class StoreTimeout(StoreError, TimeoutError):
    """Raised when a database or cache did not answer, or lend a connection, within its deadline."""


class BlockingCallWarning(RuntimeWarning):
    """Warned when a sync twin is called where an event loop runs; names the async form."""
