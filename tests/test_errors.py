"""The error tree: its shape is public, and it survives the way between processes."""

from __future__ import annotations

import pickle

import pytest

from ai_catalyst import errors
from ai_catalyst.errors import (
    AllEndpointsFailed,
    CatalystError,
    EndpointTimeout,
    FileError,
    RateLimited,
    WorkerTimeout,
)

TREE = {
    "UserError": "CatalystError",
    "SourceError": "CatalystError",
    "FileError": "SourceError",
    "ProcessingError": "SourceError",
    "UnsafeAddress": "SourceError",
    "EndpointError": "CatalystError",
    "RateLimited": "EndpointError",
    "EndpointTimeout": "EndpointError",
    "AllEndpointsFailed": "EndpointError",
    "BudgetExceeded": "EndpointError",
    "PrivacyError": "CatalystError",
    "PIIError": "PrivacyError",
    "WorkerError": "CatalystError",
    "WorkerCrashed": "WorkerError",
    "WorkerTimeout": "WorkerError",
    "WorkerOutOfMemory": "WorkerError",
    "StoreError": "CatalystError",
}


@pytest.mark.parametrize(("child", "parent"), TREE.items())
def test_the_tree_has_the_shape_of_the_contract(child: str, parent: str) -> None:
    assert issubclass(getattr(errors, child), getattr(errors, parent))


@pytest.mark.parametrize("name", ["EndpointTimeout", "WorkerTimeout", "FileTimeout", "ItemTimeout"])
def test_a_time_out_of_ours_is_also_the_builtin_one(name: str) -> None:
    assert issubclass(getattr(errors, name), TimeoutError)


def test_every_public_name_is_an_error_of_the_tree_or_a_warning() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), CatalystError | Warning)


def test_errors_cross_process_borders_with_all_they_know() -> None:
    limited = RateLimited("slow down", endpoint="cloud", status=429)
    limited.retry_after_s = 2.5
    samples = [
        FileError("broken", path="a.pdf", line=3),
        limited,
        AllEndpointsFailed("nobody", [("a", "timeout")]),
        EndpointTimeout("late", endpoint="b"),
        WorkerTimeout("killed"),
    ]
    for error in samples:
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert copy.__dict__ == error.__dict__
