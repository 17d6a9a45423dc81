"""Faults injected into the reader's workers by the names of files, for measuring and for tests.

``<what>@<page>…`` in a file's name does it where that page is about to be told: ``segv``, ``hang``,
``alloc`` (8 GB), ``kill`` (its own worker, by SIGKILL), ``exit``, ``grow``
(the file itself). ``killonce@2-<token>`` kills the
first worker that comes there and no other: as if somebody from outside had done it.
"""

import ctypes
import os
import re
import signal
import tempfile
import time
from pathlib import Path

from ai_catalyst.pdf.model import PageText
from ai_catalyst.pdf.pages import read_tasks

FAULT = re.compile(r"(segv|hang|alloc|killonce|kill|exit|grow)@(\d+)(?:-(\w+))?")


def read_with_faults(tasks, bundled=False):
    """Yield what `read_tasks` does, with faults where the names of the files say so."""
    for message in read_tasks(tasks, bundled):
        for index, events in message:
            for event in events:
                if isinstance(event, PageText):
                    _perhaps(tasks[index].blob, event.number)
        yield message


def _perhaps(blob, number):
    fault = FAULT.search(blob.name)
    if fault is None or int(fault[2]) != number:
        return
    what, token = fault[1], fault[3]
    if what == "segv":
        ctypes.string_at(0)
    elif what == "hang":
        time.sleep(3600)
    elif what == "alloc":
        bytearray(8 * 2**30)
    elif what == "grow":
        with Path(blob.path).open("ab") as file:
            file.write(b"more")
    elif what == "exit":
        os._exit(3)
    elif what == "kill" or not _seen(token):
        os.kill(os.getpid(), signal.SIGKILL)


def _seen(token):
    mark = Path(tempfile.gettempdir()) / f"catalyst-killed-{token}"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return True
    return False
