"""Functions that tests run in worker processes: good ones, and every way to be bad."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def double(number: int) -> int:
    return number * 2


def mixed(number: int) -> int:
    """Double a number; 13 crashes, 37 hangs, 71 wants 8 GB."""
    if number == 13:
        ctypes.string_at(0)
    if number == 37:
        hang()
    if number == 71:
        gobble()
    return number * 2


def crash() -> None:
    ctypes.string_at(0)


def die(code: int) -> None:
    os._exit(code)


def hang() -> None:
    while True:
        time.sleep(3600)


def spin() -> None:
    while True:
        pass


def gobble() -> int:
    return len(bytearray(8 << 30))


def fail(text: str) -> None:
    raise ValueError(text)


def unpicklable_result() -> object:
    return lambda: None


class Stubborn(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def unpicklable_error() -> None:
    raise Stubborn(1, 2)


def large(size: int) -> bytes:
    return bytes(size)


def length(data: bytes) -> int:
    return len(data)


def pid() -> int:
    return os.getpid()


def talk() -> None:
    sys.stdout.write("noise\n")
    sys.stdout.flush()


def bear_a_child_and_hang(note: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(note).write_text(f"{os.getpid()} {child.pid}")
    hang()


def count_to(number: int, pause: float = 0.0) -> Iterator[int]:
    for value in range(number):
        if pause:
            time.sleep(pause)
        yield value


def count_then_crash(number: int) -> Iterator[int]:
    yield from range(number)
    os.kill(os.getpid(), signal.SIGSEGV)


def count_then_fail(number: int) -> Iterator[int]:
    yield from range(number)
    raise ValueError("no more")


def count_into(note: str, number: int) -> Iterator[int]:
    for value in range(number):
        Path(note).write_text(str(value))
        yield value
