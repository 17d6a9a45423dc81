"""The scrubber: finds personal data in a text and takes it out, for good or with a way back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.privacy.finding import Finding, Scrubbed
from ai_catalyst.privacy.overlap import resolved
from ai_catalyst.privacy.recognisers.names import names
from ai_catalyst.privacy.recognisers.structured import structured
from ai_catalyst.privacy.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LOCALES", "PRESETS", "Scrubber"]

PRESETS: Mapping[str, float] = {"strict": 0.8, "balanced": 0.5, "recall": 0.3}
"""The score from which on a finding counts, by preset."""

LOCALES: Sequence[str] = ("en", "de", "fr", "es", "it", "nl")
"""The locale packs that are on unless others are named."""


class Scrubber:
    """Finds personal data by rules: no network, no state between texts.

    ``preset`` is ``strict`` (what is certain), ``balanced`` or ``recall`` (rather too much);
    ``allow`` holds texts that are never personal data, ``deny`` texts that always are.
    """

    def __init__(
        self,
        *,
        preset: str = "balanced",
        locales: Sequence[str] | None = None,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
    ) -> None:
        """Choose what counts."""
        self.threshold = PRESETS[preset]
        self.locales = tuple(locales if locales is not None else LOCALES)
        self._allow = frozenset(value.casefold() for value in allow)
        words = sorted({value for value in deny if value}, key=len, reverse=True)
        self._deny = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None

    def detect(self, text: str) -> list[Finding]:
        """Return what was found, in order and without overlap."""
        found = [
            finding
            for finding in (*structured(text), *names(text))
            if finding.score >= self.threshold and finding.text.casefold() not in self._allow
        ]
        if self._deny is not None:
            found += [
                Finding("PRIVATE", match.start(), match.end(), match.group(), 1.0, "deny-list")
                for match in self._deny.finditer(text)
            ]
        return resolved(found)

    def scrub(self, text: str) -> Scrubbed:
        """Return the text with ``<KIND>`` for each finding; there is no way back."""
        findings = self.detect(text)
        return Scrubbed(replaced(text, findings), "regex", False, findings)

    def pseudonymise(self, text: str, vault: Vault | None = None) -> tuple[str, Vault]:
        """Return the text with ``<KIND_1>`` for each finding, and the vault that restores it."""
        vault = vault if vault is not None else Vault()
        return vault.hide(text, self.detect(text)), vault


def replaced(text: str, findings: Iterable[Finding]) -> str:
    """Return the text with ``<KIND>`` in place of each finding (in order, without overlap)."""
    parts: list[str] = []
    at = 0
    for finding in findings:
        parts += (text[at : finding.start], "<", finding.kind, ">")
        at = finding.end
    parts.append(text[at:])
    return "".join(parts)
