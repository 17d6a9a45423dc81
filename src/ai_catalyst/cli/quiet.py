"""Keeps the words of errors out of what the event loops of a command log."""

from __future__ import annotations

import logging

__all__ = ["keep_words_out_of_all_loops"]


def keep_words_out_of_all_loops() -> None:
    """Have the logger ``asyncio`` tell errors without their words, whoever makes the loop."""
    logging.getLogger("asyncio").addFilter(_wordless)


def _wordless(record: logging.LogRecord) -> bool:
    # Imported at the first complaint: most commands end without one, and some need no loop.
    from ai_catalyst.engine.complaints import wordless

    return wordless(record)
