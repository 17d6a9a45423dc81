"""Pages that are no article: a login, a "not found" that says 200, a shell for scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["Problem", "problem_of"]

Problem = Literal["login", "paywall", "not_found", "script_only", "consent", "empty"]

_NOT_FOUND = re.compile(
    r"\b404\b|not[ -]found|(?:does|could|can)(?: ?not|n.t) (?:exist|be found|find)|no longer exists"
    r"|nicht gefunden|existiert nicht|introuvable|n.existe pas|no (?:se ha )?encontrad[ao]"
    r"|no existe|non trovat[ao]|niet gevonden|não encontrad[ao]|не найден",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\b(?:log|sign)[ -]?in\b|\banmeld(?:en|ung)\b|\beinloggen\b|se connecter|connexion"
    r"|iniciar sesi[oó]n|\baccedi\b|\binloggen\b|\bentrar\b",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|cookie consent|privacy settings|consent\b", re.IGNORECASE
)
_SCRIPTS = re.compile(r"(?:enable|activate|turn on|requires?|needs?|use)\s+java ?script|javascript")
_SHELLS = frozenset({"root", "app", "__next", "__nuxt", "react-root", "main-app", "svelte"})
_FEW = 200
_SHORT = 1500
_PAYWALLED = 1200
_LOST = 800
"""Letters that a page may have, and still be one that says there is no such page."""


def problem_of(
    tree: HtmlElement, title: str, text: str, *, free: bool | None = None
) -> Problem | None:
    """Return why a page is no article worth reading; None when it may be one.

    Looked at before ``tree`` is taken apart. ``text`` is what was extracted; ``free`` is what the
    page itself says of being accessible for free.
    """
    heading = next((_words(one) for one in tree.iter("h1", "h2") if _words(one)), "")
    if len(text) < _LOST and (_NOT_FOUND.search(title) or _NOT_FOUND.search(heading[:120])):
        return "not_found"
    if _asks_for_password(tree) and (
        len(text) < _FEW or (len(text) < _SHORT and _LOGIN.search(f"{title} {heading}"))
    ):
        return "login"
    if free is False and len(text) < _PAYWALLED:
        return "paywall"
    if len(text) >= _FEW:
        return None
    return _nearly_empty(tree, title, text)


def _nearly_empty(tree: HtmlElement, title: str, text: str) -> Problem | None:
    if _CONSENT.search(title):
        return "consent"
    if _is_shell(tree):
        return "script_only"
    return None if text.strip() else "empty"


def _asks_for_password(tree: HtmlElement) -> bool:
    return any((one.get("type") or "").lower() == "password" for one in tree.iter("input"))


def _is_shell(tree: HtmlElement) -> bool:
    """Tell whether the page is to be filled by scripts: it says so, or has an empty root."""
    if next(tree.iter("script"), None) is None:
        return False
    said = " ".join(_words(one) for one in tree.iter("noscript")).lower()
    if _SCRIPTS.search(said):
        return True
    body = tree.find(".//body")
    if body is None or not _visible(body):
        return True
    return any(one.get("id") in _SHELLS and not _words(one) for one in body.iter("div"))


def _visible(body: HtmlElement) -> bool:
    silent = {"script", "style", "noscript", "template"}
    return any(
        (one.tag not in silent and (one.text or "").strip())
        or (one is not body and (one.tail or "").strip())
        for one in body.iter()
    )


def _words(element: HtmlElement) -> str:
    return " ".join(str(element.text_content()).split())
