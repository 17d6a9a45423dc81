"""`PIIProcessor`: personal data found and taken out, by rules, or with a private model's help."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from ai_catalyst.engine import Batch, twin
from ai_catalyst.errors import PIIError, UserError
from ai_catalyst.privacy.completer import ask
from ai_catalyst.privacy.finding import Finding, Scrubbed
from ai_catalyst.privacy.offload import INLINE, detect_many, detect_off_loop
from ai_catalyst.privacy.overlap import resolved
from ai_catalyst.privacy.scrubber import Scrubber, replaced
from ai_catalyst.privacy.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ai_catalyst.privacy.completer import Completer

__all__ = ["PIIProcessor"]

Strategy = Literal["regex", "llm", "off"]
STRATEGIES: tuple[Strategy, ...] = ("regex", "llm", "off")


class PIIProcessor:
    """Finds personal data and takes it out.

    ``strategy`` is ``regex`` (rules, no network), ``llm`` (the rules, and what a model finds beside
    them), or ``off`` (nothing is changed, and the result says so). The model is ``llm``, or the
    endpoints the environment names; only private ones are asked, unless ``allow_remote``. When it
    fails and ``fallback`` is on, the rules' result is returned with ``fell_back``; else `PIIError`
    is raised. ``max_concurrent`` bounds the model calls of a batch. The other options are the
    `Scrubber`'s.

    Every method has an async form; in it, long texts never hold up the event loop.
    """

    def __init__(
        self,
        *,
        strategy: Strategy = "regex",
        llm: Completer | None = None,
        fallback: bool = True,
        allow_remote: bool = False,
        max_concurrent: int = 10,
        locales: Sequence[str] | None = None,
        preset: str = "balanced",
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
    ) -> None:
        """Choose the rules; no model is asked before the first text. Raises `UserError`."""
        self.strategy = _known(strategy)
        self.fallback = fallback
        self.allow_remote = allow_remote
        if max_concurrent < 1:
            raise UserError(f"max_concurrent is at least 1, not {max_concurrent}")
        self.max_concurrent = max_concurrent
        self.scrubber = Scrubber(preset=preset, locales=locales, allow=allow, deny=deny)
        self._llm = llm
        self._asked: Completer | None = None
        self._own: Any = None

    # Finding.

    async def detect_async(self, text: str) -> list[Finding]:
        """Return what was found, in order and without overlap; offsets are in characters."""
        if self.strategy == "llm":
            return (await self._with_model(text))[0]
        return await detect_off_loop(self.scrubber, text)

    def detect(self, text: str) -> list[Finding]:
        """Sync twin of `detect_async`."""
        if self.strategy != "llm" and _inline(text):
            return self.scrubber.detect(text)
        return self._detect(text)

    _detect = twin(detect_async)

    # Taking out.

    async def scrub_text_async(self, text: str, strategy: Strategy | None = None) -> Scrubbed:
        """Return the text with ``<KIND>`` in place of each finding."""
        chosen = _known(strategy or self.strategy)
        if chosen == "off":
            return Scrubbed(text, "off")
        if chosen == "llm":
            findings, fell_back = await self._with_model(text)
            used = "regex" if fell_back else "llm"
            return Scrubbed(replaced(text, findings), used, fell_back, findings)
        findings = await detect_off_loop(self.scrubber, text)
        return Scrubbed(replaced(text, findings), "regex", False, findings)

    def scrub_text(self, text: str, strategy: Strategy | None = None) -> Scrubbed:
        """Sync twin of `scrub_text_async`."""
        if (strategy or self.strategy) == "regex" and _inline(text):
            return self.scrubber.scrub(text)
        return self._scrub_text(text, strategy)

    _scrub_text = twin(scrub_text_async)

    async def batch_scrub_texts_async(
        self, texts: Iterable[str], strategy: Strategy | None = None
    ) -> list[Scrubbed]:
        """Scrub many texts; results are in order. Uses all cores when that is worth it."""
        chosen = _known(strategy or self.strategy)
        wanted = list(texts)
        if chosen == "off":
            return [Scrubbed(text, "off") for text in wanted]
        if chosen == "llm":
            return await self._batch_with_model(wanted)
        results = []
        async for index, findings in detect_many(self.scrubber, wanted):
            text = wanted[index]
            results.append(Scrubbed(replaced(text, findings), "regex", False, findings))
            if len(text) > INLINE:
                await asyncio.sleep(0)
        return results

    batch_scrub_texts = twin(batch_scrub_texts_async)

    # With a way back.

    async def pseudonymise_async(
        self, text: str, *, vault: Vault | None = None
    ) -> tuple[str, Vault]:
        """Return the text with ``<KIND_1>`` for each finding, and the vault that restores it."""
        vault = vault if vault is not None else Vault()
        if self.strategy == "off":
            return text, vault
        findings = await self.detect_async(text)
        if len(text) <= INLINE:
            return vault.hide(text, findings), vault
        return await asyncio.to_thread(vault.hide, text, findings), vault

    def pseudonymise(self, text: str, *, vault: Vault | None = None) -> tuple[str, Vault]:
        """Sync twin of `pseudonymise_async`."""
        if self.strategy == "regex" and _inline(text):
            return self.scrubber.pseudonymise(text, vault)
        return self._pseudonymise(text, vault=vault)

    _pseudonymise = twin(pseudonymise_async)

    # Asking a model.

    async def _with_model(self, text: str) -> tuple[list[Finding], bool]:
        """Return the findings, and whether the model failed and the rules stand alone."""
        rules = await detect_off_loop(self.scrubber, text)
        try:
            asked = await ask(await self._completer(), text)
        except Exception as error:
            if not self.fallback:
                raise PIIError("the model did not find personal data as asked") from error
            return rules, True
        found = [one for one in asked if not self.scrubber.allows(one.text)]
        return resolved([*rules, *found]), False

    async def _batch_with_model(self, texts: list[str]) -> list[Scrubbed]:
        async def one(text: str) -> Scrubbed:
            return await self.scrub_text_async(text, "llm")

        async with Batch(
            one, texts, limit=self.max_concurrent, ordered=True, label=lambda text: "a text"
        ) as batch:
            return [outcome.unwrap() async for outcome in batch]

    async def _completer(self) -> Completer:
        if self._asked is None:
            self._asked = await self._chosen()
        return self._asked

    async def _chosen(self) -> Completer:
        """Return who may be asked; raises `PIIError` when there is nobody."""
        from ai_catalyst.llm.provider import LLMProvider

        if self._llm is not None and not isinstance(self._llm, LLMProvider):
            if self.allow_remote or getattr(self._llm, "private", True):
                return self._llm
            raise PIIError("the model is not private: allow_remote=True would send it raw text")
        if self._llm is None:
            self._own = LLMProvider()
        llm = self._own if self._llm is None else self._llm
        endpoints = await llm.endpoints_async()
        if not self.allow_remote:
            endpoints = [one for one in endpoints if await _is_private(one)]
        if not endpoints:
            raise PIIError("no private endpoint to ask: name one, or use strategy='regex'")
        if self._own is not None:
            await self._own.close()
        self._own = LLMProvider(
            endpoints, privacy="off" if self.allow_remote else "auto", store=llm.store
        )
        return cast("Completer", self._own)

    async def close(self) -> None:
        """Close the connections made here; a provider that was handed in stays open."""
        own, self._own, self._asked = self._own, None, None
        if own is not None:
            await own.close()

    async def __aenter__(self) -> Self:
        """Return self."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the connections made here."""
        await self.close()

    _close = twin(close)

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the connections made here."""
        if self._own is not None:
            self._close()


def _known(strategy: str) -> Strategy:
    for one in STRATEGIES:
        if one == strategy:
            return one
    raise UserError(f"strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")


def _inline(text: str) -> bool:
    """Whether a twin may do without the background loop: nobody waits, or not for long."""
    return asyncio._get_running_loop() is None  # cheaper than catching the public one's error


async def _is_private(endpoint: Any) -> bool:
    if endpoint.private is not None:
        return bool(endpoint.private)
    from ai_catalyst.io.address import is_private, resolves_to_private

    host = endpoint.host
    return host == "localhost" or is_private(host) or await resolves_to_private(host)
