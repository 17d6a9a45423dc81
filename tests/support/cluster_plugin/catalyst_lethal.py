"""Somebody's plug-ins, and bad ones: what they meet ends the process that met it."""

import os
import signal

from ai_catalyst.documents.readers.registry import Reader
from ai_catalyst.privacy.recognisers import Recogniser

MARK = "a sentence that nobody survives"


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def read(blob):
    """End the process while a file is read: nothing of it is leased yet."""
    _die()
    yield {"text": ""}


def find(reading, lexis):
    """End the process while a text is looked through: its lease is held."""
    if MARK in reading.text:
        _die()
    return ()


def sniff(sample):
    """Be certain of what begins so."""
    return 100 if sample.text.startswith(b"lethal") else 0


lethal_reader = Reader("lethal", read, extensions=(".lethal",), sniff=sniff, starts=b"l")
lethal_recogniser = Recogniser("lethal", frozenset({"LETHAL"}), find)
