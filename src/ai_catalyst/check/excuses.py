"""What makes a call of the catalogue harmless: nothing to wait for, or told not to wait."""

from __future__ import annotations

from dataclasses import replace

from ai_catalyst.check.catalogue import Entry
from ai_catalyst.check.facts import Expr, FunctionFacts
from ai_catalyst.check.program import FunctionId, Program
from ai_catalyst.check.values import shape_of

__all__ = ["has_no_timeout", "is_excused", "is_handled", "timed"]


def is_excused(call: Expr, entry: Entry, path: str, fid: FunctionId, program: Program) -> bool:
    """Tell whether a call waits for nothing, by its arguments and what stands around it."""
    if _told_not_to_wait(call, entry, path):
        return True
    function = program.function(fid)
    if path.startswith("concurrent.futures.Future.") and _is_handed(call[1], function):
        return True
    if path == "time.sleep" and call[2] and _text(call[2][0]) in ("0", "0.0"):
        return True
    if is_handled(entry, function):
        return True
    words = program.modules[fid[0]].facts.words
    return any(word in words for word in entry.unless_module_uses)


def _told_not_to_wait(call: Expr, entry: Entry, path: str) -> bool:
    """Tell whether an argument says that there is nothing to wait for."""
    keywords = dict(call[3])
    positional = [_text(argument) for argument in call[2]]
    if any(name in keywords for name in entry.unless_given):
        return True
    for name, wanted in entry.unless_keywords:
        given = _text(keywords[name]) if name in keywords else ""
        if given == wanted or (wanted == "0" and (given == "0.0" or "0" in positional)):
            return True
    if (
        entry.unless_keywords
        and path.endswith((".get", ".acquire"))
        and positional[:1] == ["False"]
    ):
        return True
    texts = [*positional, *map(_text, keywords.values())]
    return any(word in text for text in texts for word in entry.unless_argument_names)


def _is_handed(callee: Expr, function: FunctionFacts) -> bool:
    """Tell whether a future came from elsewhere, where it may have been waited for."""
    holder = callee[1] if callee and callee[0] == "a" else None
    checks = any(e.kind == "c" and e.expr[1] and e.expr[1][-1] == "done" for e in function.events)
    if not holder or checks:
        return True
    if holder[0] == "n":
        return any(parameter.name == holder[1] for parameter in function.params)
    return bool(holder[0] == "a")


def is_handled(entry: Entry, function: FunctionFacts) -> bool:
    """Tell whether a function calls what makes the entry's calls harmless."""
    names = entry.unless_called
    return bool(names) and any(
        e.kind == "c" and e.expr[1] and e.expr[1][0] in ("n", "a") and e.expr[1][-1] in names
        for e in function.events
    )


def timed(call: Expr, entry: Entry, path: str) -> Entry:
    """Return the entry with the cost that the call itself says: ``time.sleep(0.01)`` is 10 ms."""
    if path != "time.sleep" or not call[2]:
        return entry
    try:
        return replace(entry, cost_ms=round(1000 * float(_text(call[2][0])), 3))
    except ValueError:
        return entry


def has_no_timeout(call: Expr, entry: Entry) -> bool:
    """Tell whether a call that waits for ever without a time-out was given none."""
    return entry.no_default_timeout and not any(key in ("timeout", "**") for key, _ in call[3])


def _text(expr: Expr) -> str:
    if not expr:
        return ""
    if expr[0] == "k":
        return str(expr[2])
    if expr[0] == "o":
        return "|".join(_text(item) for item in expr[1])
    return shape_of(expr)
