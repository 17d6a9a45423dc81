"""From a web page's HTML to the article in it: in this process, or in one that can be killed."""

from __future__ import annotations

from ai_catalyst.articles.model import Page
from ai_catalyst.documents.extraction import Mode, read_page
from ai_catalyst.documents.markup import decode_markup
from ai_catalyst.documents.parsing import mapped
from ai_catalyst.engine.workers import WorkerPool, shared_pool
from ai_catalyst.errors import FileError, WorkerError, WorkerTimeout

__all__ = ["extract_page", "extract_page_async", "get_ready"]

TIMEOUT_S = 30.0
MAX_BYTES = 20 * 2**20


def extract_page(
    html: str | bytes,
    url: str | None = None,
    *,
    charset: str | None = None,
    mode: Mode = "default",
) -> Page:
    """Return the article of a page. Raises `FileError` when there is nothing to read in it.

    ``html`` is text, or bytes whose charset is sniffed (``charset`` is what the server said);
    ``url`` is where it came from. ``mode="quality"`` asks more opinions and takes three times as
    long. `Page.problem` tells of a page that is no article.
    """
    name = url or "page"
    try:
        if len(html) > MAX_BYTES:
            raise FileError(f"is larger than {MAX_BYTES:,} bytes", kind="too_large")
        found = read_page(
            html if isinstance(html, str) else decode_markup(html, charset), url, mode=mode
        )
    except Exception as error:
        raise mapped(error, name) from error
    about = found.about
    return Page(
        found.text,
        about.title,
        about.author,
        about.date,
        about.language,
        found.links,
        url,
        canonical=about.canonical,
        description=about.description,
        problem=found.problem,
    )


async def extract_page_async(
    html: str | bytes,
    url: str | None = None,
    *,
    charset: str | None = None,
    pool: WorkerPool | None = None,
    timeout_s: float = TIMEOUT_S,
    mode: Mode = "default",
) -> Page:
    """Do what `extract_page` does, in a worker process that can be killed.

    Also raises `FileError` when the page hangs or crashes the parser.
    """
    workers = pool or shared_pool()
    try:
        return await workers.run(_extract, html, url, charset, mode, timeout=timeout_s)
    except WorkerError as error:
        name = url or "page"
        if isinstance(error, WorkerTimeout):
            why, kind = f"{name}: took longer than {timeout_s:g} s to read", "timeout"
        else:
            why, kind = f"{name}: crashed the program that reads it", "crashed"
        raise FileError(why, path=name, kind=kind) from error


def _extract(html: str | bytes, url: str | None, charset: str | None, mode: Mode) -> Page:
    return extract_page(html, url, charset=charset, mode=mode)


def get_ready() -> None:
    """Load, in a worker, what the first page needs; a page later that costs half a second."""
    extract_page(
        f"<html><body><article><p>{'A page to begin with. ' * 30}</p></article></body></html>"
    )
