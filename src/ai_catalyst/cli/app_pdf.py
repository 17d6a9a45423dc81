"""The script that Streamlit runs for ``catalyst app pdf``: it puts the parts together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import streamlit as st

from ai_catalyst.cli.models import provider
from ai_catalyst.cli.stores import open_file_store
from ai_catalyst.errors import UserError
from ai_catalyst.pdf import AsyncPDFProcessor, ExtractionRepository
from ai_catalyst.pdf.app import Model, show
from ai_catalyst.pdf.app.presets import parse
from ai_catalyst.pdf.extracting import extractor_for
from ai_catalyst.pdf.job import MakeWork, Work
from ai_catalyst.pdf.job_folder import Order
from ai_catalyst.pdf.jobs import Jobs
from ai_catalyst.settings import EndpointSettings, load_settings

if TYPE_CHECKING:
    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.store import Store

MODELS_S = 60
"""How long the list of models is believed."""


def build() -> Jobs:
    """Make the app's registry on the store of the state folder."""
    settings, _ = load_settings()
    store = open_file_store(settings)
    return Jobs(
        _maker(store),
        repository=ExtractionRepository(store),
        max_concurrent=settings.async_.max_concurrent,
    )


def _maker(store: Store) -> Callable[[ExtractionRepository], MakeWork]:
    def with_repository(repository: ExtractionRepository) -> MakeWork:
        @contextlib.asynccontextmanager
        async def make(order: Order) -> AsyncIterator[Work]:
            processor = AsyncPDFProcessor(repository)
            fields = await asyncio.to_thread(parse, order.fields)
            if order.method == "classic":
                rules = await asyncio.to_thread(extractor_for, order.method)
                yield Work(processor, rules, fields, order.method)
                return
            async with _model(order.model, store) as llm:
                asking = await asyncio.to_thread(extractor_for, order.method, llm)
                yield Work(processor, asking, fields, order.method)

        return make

    return with_repository


@contextlib.asynccontextmanager
async def _model(name: str, store: Store) -> AsyncIterator[LLMProvider]:
    """Lend the one model that somebody chose."""
    settings, _ = await asyncio.to_thread(load_settings)
    async with provider(settings) as every:
        chosen = [one for one in await every.endpoints_async() if one.name == name]
    if not chosen:
        raise UserError(f"the model {name!r} is not there any more: make a new batch with another")
    kept = {name: getattr(chosen[0], name) for name in EndpointSettings.model_fields}
    only = settings.model_copy(update={"endpoints": [EndpointSettings(**kept)]})
    async with provider(only, store) as llm:
        yield llm


def models(jobs: Jobs) -> list[Model]:
    """Return who can be asked, looked up at most once a minute."""
    return _looked_up(jobs)


@st.cache_data(ttl=MODELS_S, show_spinner="Looking for models…")
def _looked_up(_jobs: Jobs) -> list[Model]:
    return _jobs.call(_look())


async def _look() -> list[Model]:
    settings, _ = await asyncio.to_thread(load_settings)
    async with provider(settings) as llm:
        await llm.endpoints_async()
        health = await llm.health_async()
    return [
        Model(
            one.name,
            f"{one.name} · {one.model or 'its own model'} · "
            + ("in your house" if one.private else "outside"),
            one.private,
        )
        for one in health.values()
        if one.reachable
    ]


show(build, models)
