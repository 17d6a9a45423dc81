"""What an event loop complains of, without the words of the error: they may be a person's text.

asyncio logs an error that nobody asked for with its message, and with the ``repr`` of whatever was
at hand. A message can hold what was being read, and a ``repr`` a whole answer. What finds the bug
is the kind of the error, the name of the task and the place: these are told.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from traceback import walk_tb
from typing import Any

__all__ = ["complain", "keep_words_out", "told", "wordless"]

log = logging.getLogger("ai_catalyst.loop")

# What asyncio says of its own accord; anything else may have been put together from a text.
_KNOWN = re.compile(
    r"(?:\w+ exception was never retrieved|Task was destroyed but it is pending"
    r"|Exception in callback|Unhandled exception in client_connected_cb"
    r"|unhandled exception during asyncio\.run\(\) shutdown"
    r"|an error occurred during closing of asynchronous generator"
    r"|socket\.accept\(\) out of system resource|Error on transport creation"
    r"|Fatal (?:read|write) error on \w+ transport|Fatal error on transport"
    r"|SSL handshake failed|SSL error in data received)"
)
_TASK = re.compile(r"<Task \w+ name='([^']*)' coro=<([\w.<>]+)\(\)")
_MOST_FRAMES = 6
_MOST_CAUSES = 5


def keep_words_out(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop complain without words; a handler that somebody has set is left alone."""
    if loop.get_exception_handler() is None:
        loop.set_exception_handler(complain)


def complain(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log what a loop's handler is told: the happening, the task, kinds of error and the place."""
    log.error("%s", "; ".join(_parts(context)))


def _parts(context: Mapping[str, Any]) -> Iterator[str]:
    known = _KNOWN.match(str(context.get("message") or ""))
    yield known[0] if known else "Unhandled exception in event loop"
    task = context.get("task") or context.get("future")
    if isinstance(task, asyncio.Task):
        yield f"task {task.get_name()} ({_name(task.get_coro())})"
    handle = context.get("handle")
    if handle is not None:
        yield f"callback {_name(getattr(handle, '_callback', handle))}"
    error = context.get("exception")
    if isinstance(error, BaseException):
        yield told(error)


def told(error: BaseException) -> str:
    """Return the kinds of an error and its causes, and the place, without their words."""
    return f"{' from '.join(_kind(one) for one in _causes(error))}; at {_place(error)}"


def wordless(record: logging.LogRecord) -> bool:
    """Take the words out of what asyncio logs of an error; its other records stay as they are.

    A filter for the logger ``asyncio``, where loops nobody prepared log what they complain of.
    """
    if record.levelno < logging.ERROR:
        return True
    context: dict[str, Any] = {"message": record.msg}
    if isinstance(record.exc_info, tuple):
        context["exception"] = record.exc_info[1]
    task = _TASK.search(str(record.msg))
    record.msg = "; ".join([*_parts(context), *([f"task {task[1]} ({task[2]})"] if task else [])])
    record.args = record.exc_info = record.exc_text = record.stack_info = None
    return True


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _kind(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, BaseExceptionGroup):
        return f"{name}({', '.join(sorted({_kind(one) for one in error.exceptions}))})"
    return name


def _place(error: BaseException) -> str:
    frames = [
        f"{_file(frame.f_code.co_filename)}:{line} in {frame.f_code.co_name}"
        for frame, line in walk_tb(error.__traceback__)
    ]
    return " > ".join(frames[-_MOST_FRAMES:]) or "an unknown place"


def _file(path: str) -> str:
    return "/".join(PurePath(path).parts[-2:])


def _name(of: object) -> str:
    """Return the name of a function or coroutine, never a ``repr``: it may show arguments."""
    inner = getattr(of, "func", of)  # a partial
    return getattr(inner, "__qualname__", None) or type(inner).__qualname__
