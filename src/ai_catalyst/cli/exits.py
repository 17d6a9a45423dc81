"""Exit codes: what a script can tell from them."""

from __future__ import annotations

from ai_catalyst.errors import (
    AllEndpointsFailed,
    BudgetExceeded,
    CatalystError,
    PrivacyError,
    UserError,
)

__all__ = ["ALL_DONE", "SOME_FAILED", "WRONG_USE", "exit_code_of", "exit_code_of_run"]

ALL_DONE = 0
SOME_FAILED = 1
WRONG_USE = 2
BUDGET = 5
PRIVACY = 6
NO_ENDPOINT = 7
INTERRUPTED = 130

_CODES: tuple[tuple[type[CatalystError], int], ...] = (
    (UserError, WRONG_USE),
    (BudgetExceeded, BUDGET),
    (PrivacyError, PRIVACY),
    (AllEndpointsFailed, NO_ENDPOINT),
)


def exit_code_of_run(causes: set[type[Exception]], *, done: bool) -> int:
    """Return the exit code of a run whose documents failed for these causes.

    The budget and the privacy gate speak first: they stop more than the one document. That nobody
    answers is the run's own outcome only when nothing at all was ``done``.
    """
    if not causes:
        return ALL_DONE
    for kind, code in _CODES[1:]:
        if any(issubclass(cause, kind) for cause in causes) and not (code == NO_ENDPOINT and done):
            return code
    return SOME_FAILED


def exit_code_of(error: BaseException) -> int:
    """Return the exit code that tells of this error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), SOME_FAILED)
