"""One run, composed of the rooms below: sources, analyst, store and reports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import ai_catalyst
from ai_catalyst.analysis import Analyst, ExtractiveAnalyst, ModelAnalyst
from ai_catalyst.analysis.configured import analyst_of, open_provider
from ai_catalyst.analysis.pipeline import Pipeline, RunSummary, Source
from ai_catalyst.cli.exits import ALL_DONE, exit_code_of_run
from ai_catalyst.cli.stores import open_store
from ai_catalyst.cli.terminal import count
from ai_catalyst.documents.sources import BadSource, Locator, Unread, expand, stream_documents
from ai_catalyst.io.files import make_folder

if TYPE_CHECKING:
    from ai_catalyst.analysis.pipeline import Archive
    from ai_catalyst.articles.web import Web
    from ai_catalyst.cli.progress import RunProgress
    from ai_catalyst.core import PIIProcessor
    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.llm.prices import Price
    from ai_catalyst.model import Document
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import RunStore

__all__ = ["Plan", "Planned", "Run", "RunFigures", "engine_line", "figures_of"]

MOST_FAILURES_TOLD = 1_000
"""Failures that the figures list; the reports list all."""
SURVEY_SOURCES, SURVEY_BYTES = 1_000, 32 * 2**20
"""Local sources up to this many, and this many bytes, are all read before the plan is shown."""


@dataclass(slots=True)
class RunFigures:
    """What a run did, for people and programs; ``bytes_sent`` left this machine for models."""

    documents: int = 0
    pages: int = 0
    done: int = 0
    unchanged: int = 0
    failed: int = 0
    personal: dict[str, int] = field(default_factory=dict)
    model: str = ""
    calls: int = 0
    cost_usd: float = 0.0
    bytes_sent: int = 0
    seconds: float = 0.0
    reports: list[str] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    exit_code: int = ALL_DONE


@dataclass(frozen=True, slots=True)
class Planned:
    """One source as a run would meet it; ``note`` says why it would not be read now."""

    uri: str
    kind: str = ""
    pages: int = 0
    characters: int = 0
    personal: int = 0
    cost_usd: float = 0.0
    note: str = ""


@dataclass(slots=True)
class Plan:
    """What a run would read, send and pay."""

    engine: str
    documents: list[Planned] = field(default_factory=list)
    cost_usd: float = 0.0


class Run:
    """Everything one ``catalyst run`` needs, opened in order and closed in reverse."""

    def __init__(
        self,
        settings: Settings,
        arguments: list[str],
        *,
        limit: int | None = None,
        refresh: bool = False,
        only_failed: bool = False,
        follow_links: bool = True,
    ) -> None:
        """Take the settings and what to read."""
        self._settings = settings
        self._command = " ".join(arguments)
        self._arguments: list[str | Locator] = [
            place for argument in arguments for place in _with_samples(argument)
        ]
        self._limit = limit
        self._refresh = refresh
        self._only_failed = only_failed
        self._follow_links = follow_links
        if self._from_the_web:
            import_module("ai_catalyst.cli.web")  # now, while no loop waits for it
        self._concurrency = settings.async_.max_concurrent if settings.async_.enabled else 1

    async def go(self, progress: RunProgress) -> RunFigures:
        """Read, analyse and report; show it on ``progress``."""
        started = time.monotonic()
        make_folder(self._settings.output)  # catalyst: blocking(nothing else runs yet)
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(self._settings))
            llm = await open_provider(stack, self._settings, store)
            analyst = analyst_of(self._settings, llm, concurrency=self._concurrency)
            stack.enter_context(progress)
            known = await _named_before(store) if self._only_failed else None
            web = await self._web(stack, store)
            found = self._sources(store, web)
            if self._from_the_web:
                from ai_catalyst.articles.web import without_repeats

                found = without_repeats(found)
            sources = progress.watch(_only(known, found))
            pipeline = Pipeline(
                analyst,
                store,
                concurrency=self._concurrency,
                reading=self._reading,
                refresh=self._refresh,
                listener=progress,
                archive=await self._archive(stack),
            )
            if web is not None:
                from ai_catalyst.cli.web import get_ready

                await get_ready(stack, web, self._urls, pipeline)
            planned = await self._surveyed(sources, progress, analyst)
            run = await store.start_run(self._command, options=pipeline.options)
            if llm is not None:
                llm.run = run
            summary = await pipeline.run(run, planned, output=Path(self._settings.output))
            figures = await figures_of(store, summary, progress, analyst)
        figures.seconds = round(time.monotonic() - started, 2)
        return figures

    async def plan(self) -> Plan:
        """Read what is local and say what a run would send and pay; fetch and send nothing."""
        places = await asyncio.to_thread(lambda: list(expand(self._arguments)))
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(self._settings))
            llm = await open_provider(stack, self._settings, store)
            analyst = analyst_of(self._settings, llm, concurrency=self._concurrency)
            price = _pricing(llm, self._settings.model)
            plan = Plan(engine_line(analyst))
            from ai_catalyst.core import PIIProcessor

            pii = PIIProcessor()
            local = [place for place in places if place.kind != "url"]
            async for source in self._sources(store, None, local):
                plan.documents.append(await _planned(source, analyst, pii, price))
            done = Pipeline(analyst, store).has_understood
            async for uri, entry, document in self._remembered(stack, store, places):
                if entry is None:
                    planned = Planned(uri, "url", note="not fetched by a dry run")
                elif not self._refresh and await done(entry):
                    planned = Planned(entry.uri, "article", note="done already")
                else:
                    planned = await _planned(document or entry, analyst, pii, price)
                plan.documents.append(planned)
        if self._limit is not None:
            del plan.documents[self._limit :]
        plan.cost_usd = sum(document.cost_usd for document in plan.documents)
        return plan

    async def _remembered(
        self, stack: AsyncExitStack, store: RunStore, places: list[Locator]
    ) -> AsyncIterator[tuple[str, Unread | None, Document | None]]:
        """Yield what earlier runs remember of the URLs among the places."""
        urls = [place.uri for place in places if place.kind == "url"]
        if urls:
            from ai_catalyst.cli.web import planned_web

            follow = self._follow_links
            found = planned_web(stack, self._settings, store, urls, follow_links=follow)
            async for each in found:
                yield each

    @property
    def _urls(self) -> list[str]:
        return [str(place) for place in self._arguments if _is_url(place)]

    @property
    def _from_the_web(self) -> bool:
        return bool(self._urls)

    @property
    def _reading(self) -> int:
        """How many articles are fetched beside those that are analysed."""
        return self._concurrency if self._from_the_web and self._concurrency > 1 else 0

    async def _archive(self, stack: AsyncExitStack) -> Archive | None:
        """Return where articles are saved, when there can be any."""
        if not self._from_the_web:
            return None
        from ai_catalyst.cli.web import open_archive

        return await open_archive(stack, self._settings)

    async def _web(self, stack: AsyncExitStack, store: RunStore) -> Web | None:
        """Return what opens the URLs among the arguments, if there are any."""
        if not self._from_the_web:
            return None
        from ai_catalyst.cli.web import open_web

        return await open_web(
            stack,
            self._settings,
            store,
            concurrency=self._concurrency,
            refresh=self._refresh,
            follow_links=self._follow_links,
        )

    def _sources(
        self, store: RunStore, web: Web | None, places: list[Locator] | None = None
    ) -> AsyncIterable[Source]:
        settings = self._settings
        return stream_documents(
            self._arguments if places is None else places,
            cache=store.cache if settings.cache.enabled else None,
            concurrency=self._concurrency,
            limit=self._limit,
            timeout_s=settings.async_.timeout,
            web=None if web is None else web.open,
        )

    async def _surveyed(
        self, sources: AsyncIterable[Source], progress: RunProgress, analyst: Analyst
    ) -> AsyncIterable[Source]:
        """Read a small local input whole, so that the plan can say what there is; else only count.

        Pages from the network and big folders are analysed while they are read.
        """
        found = await asyncio.to_thread(_survey, self._arguments)
        if found is not None:
            progress.expect(len(found))
        engine = engine_line(analyst)
        if found is None or sum(_size(locator) for locator in found) > SURVEY_BYTES:
            progress.say(f"{self._command} · {engine}")
            return sources
        documents = [source async for source in sources]
        progress.say(
            f"{count(progress.documents, 'document')}, {count(progress.pages, 'page')} · {engine}"
        )
        return _replay(documents)


def _is_url(place: str | Locator) -> bool:
    if isinstance(place, Locator):
        return place.kind == "url"
    return place.lower().startswith(("http://", "https://"))


def _with_samples(argument: str) -> list[str | Locator]:
    """Return the argument, or the bundled corpus for ``samples`` where there is no such folder."""
    if argument != "samples" or Path(argument).exists():
        return [argument]
    folder = Path(ai_catalyst.__file__).parent / "samples"
    return [
        Locator(f"samples/{path.relative_to(folder).as_posix()}", "file", str(path))
        for path in sorted(folder.rglob("*"))  # catalyst: blocking(one small folder of the package)
        if path.is_file()
    ]


def _survey(arguments: list[str | Locator]) -> list[Locator] | None:
    """Return the places that are named, or None when they are many or not all files."""
    found: list[Locator] = []
    for locator in expand(arguments):
        found.append(locator)
        if len(found) > SURVEY_SOURCES or locator.kind not in {"file", "bad"}:
            return None
    return found


async def _named_before(store: RunStore) -> set[str]:
    """Return what the newest run named: what is done is in the journal, so the rest failed."""
    runs = await store.runs.list(limit=1)
    if not runs:
        return set()
    return {item.uri async for item in store.stream_run(runs[0].id)}


async def _only(wanted: set[str] | None, sources: AsyncIterable[Source]) -> AsyncIterator[Source]:
    """Keep the sources that are wanted, or whose file is; None wants all."""
    async for source in sources:
        if wanted is None or source.uri in wanted or source.uri.split("#")[0] in wanted:
            yield source


def _size(locator: Locator) -> int:
    try:
        return Path(locator.path or "").stat().st_size
    except (OSError, ValueError):
        return 0  # what cannot be looked at is told when it is read


async def _replay(sources: list[Source]) -> AsyncIterator[Source]:
    for source in sources:
        yield source


def engine_line(analyst: Analyst) -> str:
    """Say in one line who analyses."""
    if isinstance(analyst, ExtractiveAnalyst):
        return "extractive analysis, no model · $0.00 · nothing leaves this machine"
    return f"model {analyst.name}"


def _pricing(llm: LLMProvider | None, model: str | None) -> Price | None:
    """Return the price of the endpoint that would be asked first."""
    if llm is None:
        return None
    from ai_catalyst.llm.prices import price_of

    first = llm.endpoints[0]
    return price_of(first, model or first.model)


async def _planned(
    source: Source, analyst: Analyst, pii: PIIProcessor, price: Price | None
) -> Planned:
    if isinstance(source, BadSource):
        return Planned(source.uri, source.kind, note=str(source.error))
    if isinstance(source, Unread):
        return Planned(source.uri, "article", note="its page would be fetched")
    personal = await pii.detect_async(source.text)
    cost = 0.0
    if price is not None and isinstance(analyst, ModelAnalyst):
        estimate = analyst.estimate(source)
        cost = price.cost(estimate.prompt_tokens, estimate.completion_tokens)
    return Planned(
        source.uri, source.kind, source.pages, len(source.text), len(personal), round(cost, 6)
    )


async def figures_of(
    store: RunStore, summary: RunSummary, progress: RunProgress, analyst: Analyst
) -> RunFigures:
    """Return what a run did, from its summary and the ledgers."""
    costs = await store.costs("run", run=summary.run)
    failures: list[dict[str, str]] = []
    async for item in store.stream_run(summary.run):
        if item.error is not None and len(failures) < MOST_FAILURES_TOLD:
            failures.append({"source": item.uri, "error": item.error})
    return RunFigures(
        documents=summary.documents,
        pages=progress.pages,
        done=summary.done,
        unchanged=summary.unchanged,
        failed=summary.failed,
        personal=summary.personal,
        model=analyst.name,
        calls=sum(row.calls for row in costs),
        cost_usd=sum(row.cost_usd for row in costs),
        bytes_sent=sum([row.bytes async for row in store.egress(run=summary.run)]),
        reports=[str(path) for path in summary.reports],
        failures=failures,
        exit_code=exit_code_of_run(summary.causes, done=bool(summary.done or summary.unchanged)),
    )
