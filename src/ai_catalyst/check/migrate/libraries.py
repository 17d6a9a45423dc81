"""Which calls of ``requests`` have a counterpart that waits on the loop."""

from __future__ import annotations

import re

from ai_catalyst.check.facts import Event
from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["HTTP_NAMES", "http_moves"]

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
_OPTIONS = frozenset(
    {"params", "json", "data", "headers", "timeout", "files", "auth", "allow_redirects"}
)
_SESSION = _VERBS | {"close", "headers", "cookies", "auth", "params"}
_MOCKED = re.compile(rb"[\"'][\w.]*\brequests\.(get|post|put|patch|delete|head|request|Session)\b")
_UNLIKE = re.compile(rb"\.(verify|proxies|cert|adapters|hooks|mount|max_redirects)\b")

HTTP_NAMES = {
    "requests.RequestException": "httpx.HTTPError",
    "requests.HTTPError": "httpx.HTTPStatusError",
    "requests.ConnectionError": "httpx.TransportError",
    "requests.Timeout": "httpx.TimeoutException",
    "requests.ReadTimeout": "httpx.ReadTimeout",
    "requests.ConnectTimeout": "httpx.ConnectTimeout",
    "requests.TooManyRedirects": "httpx.TooManyRedirects",
    "requests.JSONDecodeError": "ValueError",
    "requests.Response": "httpx.Response",
    "requests.Session": "httpx.AsyncClient",
    "requests.codes.ok": "httpx.codes.OK",
    "requests.codes.not_found": "httpx.codes.NOT_FOUND",
    "requests.auth.HTTPBasicAuth": "httpx.BasicAuth",
    "requests.auth.HTTPDigestAuth": "httpx.DigestAuth",
}
"""What a name of requests is called in httpx."""

HTTP_NAMES |= {
    name.replace("requests.", f"requests.{home}."): new
    for name, new in HTTP_NAMES.items()
    for home in ("exceptions", "sessions", "models")
    if name.count(".") == 1
}

Refused = tuple[str, int, str]


def http_moves(program: Program, infer: Inference, sources: dict[str, bytes]) -> Refused | None:
    """Return what keeps the whole program on requests (an empty path: it has none), or None."""
    users = [m.path for m in program.modules if b"requests" in sources[m.path]]
    if not users:
        return "", 0, ""
    for path in users:
        if mocked := _MOCKED.search(sources[path]):
            return path, _line(sources[path], mocked.start()), "requests is replaced by its name"
        if unlike := _UNLIKE.search(sources[path]):
            what = unlike[1].decode()
            return path, _line(sources[path], unlike.start()), f".{what} has another form in httpx"
    for number, module in enumerate(program.modules):
        for index, function in enumerate(module.facts.functions):
            for event in function.events:
                reason = _unlike(event, (number, index), infer)
                if reason:
                    return module.path, event.line, reason
    return None


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _unlike(event: Event, fid: FunctionId, infer: Inference) -> str:
    if event.kind not in ("c", "p"):
        return ""
    for value in infer.of(event.expr[1] if event.kind == "c" else event.expr, fid):
        if value[0] != "x" or not value[1].startswith("requests."):
            continue
        path = value[1]
        name = path.rpartition(".")[2]
        owner = path.rpartition(".")[0]
        if owner == "requests.Response" and name in ("iter_content", "iter_lines", "raw", "ok"):
            return f"the answer's .{name} has another form in httpx"
        if event.kind == "p" or (
            not path.startswith(("requests.Session.", "requests.api.")) and (owner != "requests")
        ):
            continue
        if owner == "requests.Session" and name not in _SESSION:
            return f"Session.{name} has no counterpart in httpx"
        if name in _VERBS:
            return _call(event, name)
    return ""


def _call(event: Event, name: str) -> str:
    unknown = {key for key, _ in event.expr[3]} - _OPTIONS
    if unknown:
        return f"{name} with {min(unknown)}="
    most = 2 if name == "request" else 1
    if len(event.expr[2]) != most:
        return f"{name} with options by position"
    for key, value in event.expr[3]:
        if key == "timeout" and value and value[0] == "l":
            return "a time-out of two parts"
    return ""
