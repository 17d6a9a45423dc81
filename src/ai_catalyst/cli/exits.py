"""Exit codes: what a script can tell from them."""

from __future__ import annotations

from ai_catalyst.errors import (
    AllEndpointsFailed,
    BudgetExceeded,
    CatalystError,
    PrivacyError,
    UserError,
)

__all__ = ["ALL_DONE", "SOME_FAILED", "WRONG_USE", "exit_code_of"]

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


def exit_code_of(error: BaseException) -> int:
    """Return the exit code that tells of this error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), SOME_FAILED)
