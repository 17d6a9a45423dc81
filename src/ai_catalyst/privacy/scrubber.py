"""The scrubber: finds personal data in a text and takes it out, for good or with a way back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ai_catalyst.errors import UserError
from ai_catalyst.privacy.finding import Finding, Scrubbed
from ai_catalyst.privacy.locales import BUILT_IN, lexis
from ai_catalyst.privacy.ner import SOFT, available, tagger
from ai_catalyst.privacy.offload import Options
from ai_catalyst.privacy.overlap import resolved
from ai_catalyst.privacy.presence import presence
from ai_catalyst.privacy.reading import Reading, Spot
from ai_catalyst.privacy.recognisers import RECOGNISERS, Recogniser, installed
from ai_catalyst.privacy.recognisers.runs import Style
from ai_catalyst.privacy.vault import Vault

if TYPE_CHECKING:
    from ai_catalyst.privacy.ner import Tagger

__all__ = ["PRESETS", "Scrubber", "replaced"]

WEAK = 0.3
"""The score from which on a rule's finding is worth showing to the model."""

PRESETS: Mapping[str, float] = {"strict": 0.75, "balanced": 0.5, "recall": 0.3}
"""The score from which on a finding counts, by preset."""


class Scrubber:
    """Finds personal data by rules: no network, no state between texts, safe to share.

    ``preset`` is ``strict`` (what is certain), ``balanced`` or ``recall`` (rather too much).
    ``thresholds`` sets the score from which a kind counts, beside the preset's. ``locales`` names
    the language packs. ``allow`` holds texts that are never personal data, ``deny`` texts that
    always are, both whatever their case. ``kinds`` limits what is looked for. ``ner`` adds the
    small model of the ``ner`` extra: None when it is installed, True or False to insist.
    ``recognisers`` are your own beside ours, and those of packages that offer some.
    """

    def __init__(
        self,
        *,
        preset: str = "balanced",
        locales: Sequence[str] | None = None,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        thresholds: Mapping[str, float] | None = None,
        kinds: Iterable[str] | None = None,
        ner: bool | None = None,
        recognisers: Iterable[Recogniser] = (),
    ) -> None:
        """Choose what counts; raises `UserError` for a preset or locale there is none of."""
        if preset not in PRESETS:
            raise UserError(f"preset is one of {', '.join(PRESETS)}, not {preset!r}")
        self.locales = tuple(BUILT_IN if locales is None else locales)
        allow, deny = tuple(allow), tuple(deny)
        kinds = None if kinds is None else tuple(sorted(kinds))
        self.options: Options | None = Options(
            preset,
            self.locales,
            allow,
            deny,
            tuple(sorted((thresholds or {}).items())),
            kinds,
            ner,
        )
        extra = tuple(recognisers)
        if extra:
            self.options = None  # others' objects stay in this process
        self._lexis = lexis(self.locales)
        self._threshold = PRESETS[preset]
        self._thresholds = dict(thresholds or {})
        self._kinds = None if kinds is None else frozenset(kinds)
        self._lowest = min([self._threshold, *self._thresholds.values()])
        self._tagger = self._model(ner)
        self._shown = WEAK if self._tagger is not None else self._lowest
        chosen = [
            entry
            for entry in (*RECOGNISERS, *installed(), *extra)
            if entry.best >= self._shown and (self._kinds is None or entry.kinds & self._kinds)
        ]
        self._recognisers = [entry.find for entry in chosen]
        self._presence = presence(entry.hint for entry in chosen)
        self._allow = frozenset(value.casefold() for value in allow)
        words = sorted({value for value in deny if value}, key=len, reverse=True)
        self._deny = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None

    def _model(self, wanted: bool | None) -> Tagger | None:
        if wanted is False or (self._kinds is not None and not self._kinds & SOFT):
            return None
        if not available():
            if wanted:
                raise UserError("the model of names needs python-crfsuite: pip install '.[ner]'")
            return None
        return tagger(self._lexis)

    def detect(self, text: str) -> list[Finding]:
        """Return what was found, in order and without overlap."""
        reading = Reading(text)
        if self._presence is not None and not self._presence(reading.text):
            return self._denied(text)
        spots = [
            spot
            for find in self._recognisers
            for spot in find(reading, self._lexis)
            if spot[3] >= self._shown
        ]
        if self._tagger is not None:
            style = style_feature(Style(reading, self._lexis))
            spots = self._tagger.refined(reading.text, spots, self._threshold, style)
        found = self._wanted(reading, spots)
        if self._deny is not None:
            found += self._denied(text)
        return resolved(found) if len(found) > 1 else found

    def _denied(self, text: str) -> list[Finding]:
        if self._deny is None:
            return []
        return [
            Finding("PRIVATE", match.start(), match.end(), match.group(), 1.0, "deny-list")
            for match in self._deny.finditer(text)
        ]

    def allows(self, text: str) -> bool:
        """Whether a text is on the list of what is never personal data."""
        return text.casefold() in self._allow

    def _wanted(self, reading: Reading, spots: Iterable[Spot]) -> list[Finding]:
        found = []
        thresholds, least = self._thresholds, self._threshold
        for kind, begin, stop, score, recogniser in spots:
            if score < (thresholds.get(kind, least) if thresholds else least):
                continue
            start, end = reading.place(begin, stop)
            value = reading.original[start:end]
            if self._allow and value.casefold() in self._allow:
                continue
            if self._kinds is None or kind in self._kinds:
                found.append(Finding(kind, start, end, value, score, recogniser))
        return found

    def scrub(self, text: str) -> Scrubbed:
        """Return the text with ``<KIND>`` for each finding; there is no way back."""
        findings = self.detect(text)
        return Scrubbed(replaced(text, findings), "regex", False, findings)

    def pseudonymise(self, text: str, vault: Vault | None = None) -> tuple[str, Vault]:
        """Return the text with ``<KIND_1>`` for each finding, and the vault that restores it."""
        vault = vault if vault is not None else Vault()
        return vault.hide(text, self.detect(text)), vault


def style_feature(style: Style) -> str:
    """Return how a text is written, as the model reads it."""
    flags = (style.english, style.lower, style.nouns, style.upper)
    return "y=" + "".join("1" if flag else "0" for flag in flags)


def replaced(text: str, findings: Iterable[Finding]) -> str:
    """Return the text with ``<KIND>`` in place of each finding (in order, without overlap)."""
    parts: list[str] = []
    at = 0
    for finding in findings:
        parts += (text[at : finding.start], "<", finding.kind, ">")
        at = finding.end
    parts.append(text[at:])
    return "".join(parts)
