"""Readers that do to their worker what the worst files do; run in other processes by tests."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from ai_catalyst.documents.blob import Blob


def read_crash(blob: Blob) -> Iterator[dict[str, Any]]:
    """Die as pdfium does on a bad file."""
    os.kill(os.getpid(), signal.SIGSEGV)
    yield {}


def read_hang(blob: Blob) -> Iterator[dict[str, Any]]:
    """Never come back."""
    yield {"text": "first"}
    while True:
        time.sleep(1)


def read_greedy(blob: Blob) -> Iterator[dict[str, Any]]:
    """Ask for more memory than there is."""
    yield {"text": str(len(bytearray(2**40)))}


def read_simply(blob: Blob) -> Iterator[dict[str, Any]]:
    """Rescue what the others could not read."""
    yield {"text": "rescued"}


def read_rows(blob: Blob) -> Iterator[dict[str, Any]]:
    """Yield more rows than fit in one answer."""
    for number in range(5000):
        yield {"n": number}
