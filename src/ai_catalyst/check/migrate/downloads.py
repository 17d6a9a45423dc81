"""Whether a program's ``urllib`` can fetch over httpx, and what keeps it back."""

from __future__ import annotations

from ai_catalyst.check.facts import Event
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.migrate.boundaries import all_functions
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["ANSWER", "download_action", "downloads"]

ANSWER = "http.client.HTTPResponse."
"""What ``urlopen`` gives; where it moves, the whole body is there already."""

_OPEN = frozenset({"data", "timeout", "context"})
_OWN = ("install_opener", "build_opener", "HTTPConnection", "HTTPSConnection", "HTTPResponse")

Refused = tuple[str, int, str]


def downloads(program: Program, infer: Inference, sources: dict[str, bytes]) -> Refused | None:
    """Return what keeps every ``urlopen`` (an empty path: there is none), or None: they move."""
    found = False
    for fid in all_functions(program):
        path = program.modules[fid[0]].path
        if b"urllib" not in sources[path]:
            continue
        for event in program.function(fid).events:
            reason = _reason(event, fid, infer)
            found = found or reason is not None
            if reason:
                return path, event.line, reason
    if not found:
        return "", 0, ""
    for path, source in sources.items():
        own = next((name for name in _OWN if name.encode() in source), None)
        if own is not None and path.endswith(".py"):
            return path, 1, f"{own}: its own way of opening URLs"
    return None


def _reason(event: Event, fid: FunctionId, infer: Inference) -> str | None:
    """Return why a call cannot move; empty: it can; None: it is another call."""
    if event.kind != "c":
        return None
    for value in infer.of(event.expr[1], fid):
        if value == ("x", "urllib.request.urlopen"):
            odd = {key for key, _ in event.expr[3]} - _OPEN
            return f"urlopen with {min(odd)}=" if odd else ""
        if value == ("x", "urllib.request.urlretrieve"):
            plain = len(event.expr[2]) == 2 and not event.expr[3]
            return "" if plain else "urlretrieve with more than a URL and a file"
    return None


def download_action(sink: str) -> str:
    """Return what becomes of a call of urllib; empty: it is another."""
    name = sink.removeprefix("urllib.request.")
    return name if name in ("urlopen", "urlretrieve") and name != sink else ""
