"""Templates, and what every page knows: who looks, where, and with which mark."""

from __future__ import annotations

import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ai_catalyst.assistant.chunking import section_of
from ai_catalyst.assistant.problems import Problem
from ai_catalyst.store.search import words_of

if TYPE_CHECKING:
    from fastapi import Request

    from ai_catalyst.assistant.auth.service import Signed
    from ai_catalyst.assistant.service import Service

__all__ = ["STATIC", "highlight", "page", "require_same_site"]

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=_moment, size=_size, highlight=highlight, section=section_of, sentence=_sentence
    )
    return environment


def page(
    request: Request,
    name: str,
    *,
    service: Service | None = None,
    signed: Signed | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Return a page. With ``HX-Request`` it is the part that changes, else all of it."""
    person = signed.person if signed else None
    mark = service.accounts.csrf(signed.session) if service and signed else ""
    text = (
        _templates()
        .get_template(name)
        .render(
            person=person,
            csrf=mark,
            here=request.url.path,
            whole=request.headers.get("hx-request") != "true",
            **values,
        )
    )
    return HTMLResponse(text, status)


def require_same_site(request: Request) -> None:
    """Raise `Problem` 403 for a form that another site sent: before there is a session to mark."""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None and fetched not in {"same-origin", "none"}:
        raise Problem(403, "this form was sent by another site")
    origin = request.headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "this form was sent by another site")


def highlight(text: str, question: str) -> Markup:
    """Return a passage, escaped, with the words of a question marked."""
    words = sorted({_stem(word) for word in words_of(question)}, key=len, reverse=True)
    if not words:
        return escape(text)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\w*", re.IGNORECASE)
    parts: list[Markup] = []
    place = 0
    for match in pattern.finditer(text):
        parts += [escape(text[place : match.start()]), Markup("<mark>"), escape(match[0])]
        parts.append(Markup("</mark>"))
        place = match.end()
    return Markup("").join([*parts, escape(text[place:])])


def _stem(word: str) -> str:
    """Return what a word has in common with its other forms, about."""
    for end in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word


def _sentence(text: str) -> str:
    """Begin with a capital, unless it begins with the name of a file."""
    first = text.partition(" ")[0]
    return text if "." in first or ":" in first else text[:1].upper() + text[1:]


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    power = min(3, (count.bit_length() - 1) // 10)
    value = f"{count / 1024**power:.1f}".removesuffix(".0")
    return f"{value} {('KiB', 'MiB', 'GiB')[power - 1]}"
