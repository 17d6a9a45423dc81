"""The app's words and signs. A sign never stands alone, and no meaning hangs on a colour."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

__all__ = [
    "METHODS",
    "OUTCOMES",
    "STATES",
    "Said",
    "confidence_word",
    "file_size",
    "label",
    "moment",
    "number_of",
]


_SHORT = {word: word.upper() for word in ("bic", "iban", "id", "vat", "url")}


class Said(NamedTuple):
    """A sign, a word or two, and what to do."""

    sign: str
    word: str
    advice: str = ""


OUTCOMES = {
    "OK": Said("✓", "Read"),
    "PARTIAL": Said("◐", "Read in part", "Some pages could not be read: look at them yourself."),
    "NO_TEXT": Said(
        "▢",
        "No text",
        "It is a scan. Install tesseract on this machine and try again, or scan it with text.",
    ),
    "ENCRYPTED": Said("⚿", "Locked", "Open it with its password, save it without, add it again."),
    "MALFORMED": Said("✗", "Broken", "Ask for the file once more, or print it to a new PDF."),
    "TOO_LARGE": Said("▲", "Too large", "Split it into smaller files."),
    "UNSUPPORTED": Said("✗", "Not a PDF", "Save it as PDF, then add it again."),
    "TIMEOUT": Said("◷", "Took too long", "Try again; if it does again, split the file."),
    "CRASHED": Said("✗", "Breaks the reader", "Print it to a new PDF, then add that."),
    "OUT_OF_MEMORY": Said("▲", "Needs too much memory", "Split it, or reduce its pictures."),
    "CANCELLED": Said("■", "Cancelled", "Try again when you want it."),
}
STATES = {
    "draft": Said("…", "Not begun"),
    "running": Said("▶", "Running"),
    "done": Said("✓", "Done"),
    "cancelled": Said("■", "Cancelled"),
    "stopped": Said("!", "Stopped"),
    "elsewhere": Said("▷", "Runs in another app"),
}
METHODS = {
    "classic": Said("", "Rules", "Quick. Needs no model, and nothing leaves this machine."),
    "hybrid": Said(
        "", "Rules, then a model", "The model is asked only for what the rules did not find."
    ),
    "ai": Said("", "A model", "Reads every page. For letters and whatever has no fixed form."),
}


def confidence_word(confidence: float | None) -> str:
    """Return a sign and a word for how sure a value is."""
    if confidence is None:
        return ""
    if confidence >= 0.8:
        return "● sure"
    return "◐ check it" if confidence >= 0.5 else "○ doubtful"


def label(name: str) -> str:
    """Return a field's name as a person would write it: ``invoice_number`` → Invoice number."""
    words = [_SHORT.get(word, word) for word in name.replace("_", " ").split()]
    plain = " ".join(words) or name
    return plain[:1].upper() + plain[1:]


def number_of(count: int, what: str) -> str:
    """Return ``1 file``, ``3 files``."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def file_size(size: int) -> str:
    """Return a size as people say it."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB" if size else "0 kB"
    return f"{size / 1_000_000:.1f} MB"


def moment(seconds: float) -> str:
    """Return a time on this machine's clock, without the date when it is today."""
    when = dt.datetime.fromtimestamp(seconds).astimezone()
    today = dt.datetime.now().astimezone().date()
    return f"{when:%H:%M}" if when.date() == today else f"{when:%Y-%m-%d %H:%M}"
