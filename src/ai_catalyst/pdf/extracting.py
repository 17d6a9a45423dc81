"""Fields out of pages, by whichever extractor: ours, or one of the user's, which may block."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.threads import Threads

__all__ = ["METHODS", "Extracting", "checked_method", "extractor_for", "options_of"]

METHODS = ("classic", "ai", "hybrid")
MOST_THREADS = 32
"""How many of a user's extractors may run at once."""


class Extracting:
    """What is done with each file's pages: an extractor and the fields it is asked for.

    An extractor has ``async extract_pages(pages, fields)``, like ours, or ``extract(text, fields)``
    like any user's: plain functions are called in a thread. None is the one ``method`` names.
    Raises `UserError` for an unknown method, for fields that cannot be, and for what is no
    extractor.
    """

    def __init__(self, extractor: Any, fields: Any, method: str) -> None:
        """Look at what is given; a field list is read from its file once."""
        checked_method(method)
        self.extractor = extractor if extractor is not None else extractor_for(method)
        self._pages = getattr(self.extractor, "extract_pages", None)
        plain = getattr(self.extractor, "extract", None)
        if not callable(self._pages) and not callable(plain):
            raise UserError(
                f"{type(self.extractor).__name__} is no extractor: it has neither "
                "extract_pages(pages, fields) nor extract(text, fields)"
            )
        self._plain = plain
        self.method = method
        self.given = fields
        self.fields = fields if not self.wants_pages or fields is None else _schema(fields)

    @property
    def wants_pages(self) -> bool:
        """Whether it takes pages, not a text."""
        return callable(self._pages)

    @property
    def wants_places(self) -> bool:
        """Whether it needs layout and words: ours do, unless they say no."""
        return self.wants_pages and bool(getattr(self.extractor, "needs_places", True))

    async def extract(self, pages: Sequence[PageText]) -> Extraction:
        """Return what is found in the pages. Raises what the extractor raises."""
        if self._pages is not None:
            found = await self._pages(pages, self.fields)
            if not isinstance(found, Extraction):
                raise ProcessingError(f"{self._name} gave no Extraction")
            return found
        assert self._plain is not None
        text = "\n\n".join(page.text for page in pages)
        data = await _called(self._plain, text, self.fields)
        if not isinstance(data, Mapping):
            raise ProcessingError(f"{self._name} gave no mapping of fields to values")
        found = Extraction(dict(data))
        found.evidence = _evidence(found.data, pages, self._name)
        return found

    @property
    def _name(self) -> str:
        return type(self.extractor).__name__


def checked_method(method: str) -> None:
    """Raise `UserError` for a method there is not."""
    if method not in METHODS:
        raise UserError(f"method is {', '.join(METHODS)}, not {method!r}")


def extractor_for(
    method: str, llm: Any = None, *, model: str | None = None, templates: Sequence[Any] = ()
) -> Any:
    """Return our extractor for a method; ``ai`` and ``hybrid`` ask ``llm``, ``model`` of it.

    ``templates`` are files or folders of suppliers' templates, for rules. Raises `UserError`.
    """
    checked_method(method)
    if method != "classic" and llm is None:
        raise UserError(
            f"method {method!r} needs a model: give an extractor, such as "
            "AIExtractor(LLMProvider())"
        )
    from ai_catalyst.pdf.classic import ClassicExtractor

    if method == "classic":
        return ClassicExtractor(templates)
    from ai_catalyst.pdf.ai import AIExtractor

    asked = AIExtractor(llm, model=model)
    if method == "ai":
        return asked
    from ai_catalyst.pdf.hybrid import HybridExtractor

    return HybridExtractor(ClassicExtractor(templates), asked)


def _schema(fields: Any) -> Any:
    from ai_catalyst.pdf.schema import Schema

    return Schema.of(fields)


_threads = Threads(MOST_THREADS)


async def _called(function: Any, text: str, fields: Any) -> Any:
    """Call a user's function: a coroutine function here, any other in a thread."""
    if inspect.iscoroutinefunction(function):
        return await function(text, fields)
    value = await _threads.call(function, text, fields)
    return await value if inspect.isawaitable(value) else value


def _evidence(data: Mapping[str, Any], pages: Sequence[PageText], name: str) -> dict[str, Evidence]:
    """Say where a user's values stand: those that are on a page as they are written."""
    found: dict[str, Evidence] = {}
    for field, value in data.items():
        quote = str(value).strip() if isinstance(value, str | int | float) else ""
        page = next((page.number for page in pages if quote and quote in page.text), None)
        found[field] = Evidence(
            page, quote if page is not None else None, None, 0.5 if page is not None else 0.1, name
        )
    return found


# What makes two ways of extracting the same.


def options_of(what: Extracting | tuple[Any, Any, str]) -> bytes:
    """Return a digest of everything about an extractor and its fields that changes a result.

    ``what`` may be ``(extractor, fields, method)``, for somebody else's processor. An extractor may
    say so itself with ``options`` (any value); else its plain attributes do.
    """
    if isinstance(what, Extracting):
        what = (what.extractor, what.fields, what.method)
    extractor, fields, method = what
    said = getattr(extractor, "options", None)
    said = said() if callable(said) else said
    digest = getattr(fields, "digest", None)
    named = digest() if callable(digest) else _stable(fields)
    kind = f"{type(extractor).__module__}.{type(extractor).__qualname__}"
    told = (kind, method, named, _stable(said if said is not None else extractor))
    return hashlib.sha256(repr(told).encode("utf-8", "backslashreplace")).digest()


def _stable(value: Any, depth: int = 0) -> Any:
    """Return what of a value is the same in another process."""
    if value is None or isinstance(value, str | bytes | int | float | bool):
        return value
    if depth > 5:
        return type(value).__qualname__
    if isinstance(value, type):
        fields = getattr(value, "model_json_schema", None)
        return repr(fields()) if callable(fields) else f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, Mapping):
        return sorted((str(key), _stable(each, depth + 1)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return [_stable(each, depth + 1) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(_stable(each, depth + 1)) for each in value)
    return [type(value).__qualname__, _stable(getattr(value, "__dict__", {}), depth + 1)]
