"""From a web page's HTML to the article in it: in this process, or in one that can be killed."""

from __future__ import annotations

from ai_catalyst.articles.model import Page
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.parsing import mapped
from ai_catalyst.documents.readers.html import read_html
from ai_catalyst.engine.workers import WorkerPool, shared_pool

__all__ = ["extract_page", "extract_page_async"]

TIMEOUT_S = 30.0


def extract_page(html: str | bytes, url: str | None = None) -> Page:
    """Return the article of a page. Raises `FileError` when there is nothing to read in it.

    ``html`` is text, or bytes whose charset is sniffed; ``url`` is where it came from.
    """
    return _extract(html, url, None)


async def extract_page_async(
    html: str | bytes,
    url: str | None = None,
    *,
    charset: str | None = None,
    pool: WorkerPool | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Page:
    """Do what `extract_page` does, in a worker process; ``charset`` is what the server said.

    Also raises `WorkerError` when the page hangs or crashes the parser.
    """
    return await (pool or shared_pool()).run(_extract, html, url, charset, timeout=timeout_s)


def _extract(html: str | bytes, url: str | None, charset: str | None) -> Page:
    data = html.encode("utf-8", "replace") if isinstance(html, str) else html
    blob = Blob(
        url or "page", data=data, charset="utf-8" if isinstance(html, str) else charset, url=url
    )
    try:
        found = next(iter(read_html(blob)))
    except Exception as error:
        raise mapped(error, blob.name) from error
    known = {name: found.get(name) for name in ("author", "date", "language")}
    return Page(
        found["text"], found.get("title", ""), links=found.get("links", []), url=url, **known
    )
