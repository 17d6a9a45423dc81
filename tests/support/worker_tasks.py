"""Tasks for worker processes: importable by name, as a pool's functions must be."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def square(number: int) -> int:
    return number * number


def process_id(_: object = None) -> int:
    return os.getpid()


def misbehave(number: int) -> int:
    """Be one of a hundred: three of them are bad."""
    if number == 13:
        die_of_a_signal()
    if number == 37:
        hang()
    if number == 61:
        return len(take_memory(8 * 2**30))
    return number


def die_of_a_signal(number: int = signal.SIGSEGV) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def read_address_zero() -> None:
    ctypes.string_at(0)


def take_memory(size: int) -> bytearray:
    return bytearray(size)


def use_up_memory() -> None:
    held = []
    while True:
        held.append(bytes(2**20))


def grow(size: int, held: list[bytes] = []) -> int:  # noqa: B006 - it is meant to stay
    held.append(b"x" * size)
    return os.getpid()


def hang() -> None:
    time.sleep(600)


def hang_without_giving_up_the_interpreter() -> None:
    ctypes.PyDLL(None).sleep(600)


def exit_at_once(code: int) -> None:
    os._exit(code)


def exit_politely(code: int) -> None:
    sys.exit(code)


def fail(text: str) -> None:
    raise ValueError(text)


class Picky(Exception):
    """An error that cannot be made from its arguments."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first}{second}")


def fail_pickily() -> None:
    raise Picky("a", "b")


def return_a_lambda() -> object:
    return lambda: None


class Explosive:
    """Comes to a worker and cannot be read there."""

    def __reduce__(self) -> tuple[Any, ...]:
        return explode, (os.getpid(),)


def explode(home: int) -> object:
    if os.getpid() != home:
        raise RuntimeError("boom")
    return Explosive()


def make_explosive() -> object:
    return Explosive()


def note(folder: str, number: int, bad: int) -> int:
    """Write down that an item was begun; one of them kills its process."""
    with (Path(folder) / "begun").open("a") as file:
        file.write(f"{number}\n")
    if number == bad:
        die_of_a_signal()
    return number


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def mark_and_nap(file: str, seconds: float) -> None:
    Path(file).write_text(str(os.getpid()))
    time.sleep(seconds)


def raise_a_family(file: str, then: str) -> None:
    """Start children, in this group and out of it, say who they are, and end badly."""
    line = ["sh", "-c", "sleep 600 & echo $!; wait"]
    family = [
        subprocess.Popen(line, stdout=subprocess.PIPE),
        subprocess.Popen(line, stdout=subprocess.PIPE, start_new_session=True),
    ]
    names = [os.getpid()]
    for child in family:
        assert child.stdout is not None
        names += [child.pid, int(child.stdout.readline())]
    Path(file + ".part").write_text(" ".join(map(str, names)))
    Path(file + ".part").rename(file)
    if then == "crash":
        die_of_a_signal()
    if then == "hang":
        hang()


def count_to(number: int) -> Iterator[int]:
    yield from range(number)


def count_and_die(number: int) -> Iterator[int]:
    yield from range(number)
    die_of_a_signal()


def count_and_fail(number: int) -> Iterator[int]:
    yield from range(number)
    raise ValueError("no more")


def count_and_hang(number: int) -> Iterator[int]:
    yield from range(number)
    hang()


def count_slowly(number: int, seconds: float) -> Iterator[int]:
    for value in range(number):
        time.sleep(seconds)
        yield value


def write_and_yield(file: str, size: int) -> Iterator[bytes]:
    for number in range(10_000):
        Path(file).write_text(str(number))
        yield bytes(size)


def yield_what_cannot_be_sent() -> Iterator[object]:
    yield 1
    yield lambda: None


def hand_back(value: object) -> object:
    return value


def many_words(number: int) -> list[str]:
    return [f"word {n}" for n in range(number)]


def length(value: list[Any] | bytes) -> int:
    return len(value)


def directory() -> str:
    return str(Path.cwd())


def is_loaded(module: str) -> bool:
    return module in sys.modules


def say(text: str) -> None:
    print(text)


def read_input() -> str:
    return sys.stdin.read()


def interrupt_yourself() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


def core_size() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_CORE)[0]
