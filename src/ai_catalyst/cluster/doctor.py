"""Every node of a cluster looked at: what it has, what it reaches, what to do about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai_catalyst.cluster.charge import settings_as_text
from ai_catalyst.cluster.examination import Finding, examine
from ai_catalyst.cluster.fitness import ANSWER_S, Has, difference, have

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings

__all__ = ["Examined", "examine_nodes"]


@dataclass(frozen=True, slots=True)
class Examined:
    """A node: its versions, the keys that are set there (never shown), and what was looked at."""

    node: str
    address: str
    versions: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def fit(self) -> bool:
        """Whether it can work."""
        return all(finding.ok for finding in self.findings)


async def examine_nodes(ray: Any, settings: Settings) -> list[Examined]:
    """Look at every node, all at once; one that cannot be looked at says why."""
    text = settings_as_text(settings)
    found = await have(ray)
    return await asyncio.gather(*(_examined(ray, has, text) for has in found))


async def _examined(ray: Any, has: Has, settings: str) -> Examined:
    problem = difference(has)
    findings = [Finding("versions", not problem, problem or "as on this machine")]
    if not problem:
        findings += await _asked(ray, has, settings)
    return Examined(has.node.name, has.node.address, has.versions, has.keys, findings)


async def _asked(ray: Any, has: Has, settings: str) -> list[Finding]:
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    place = strategy(has.node.id, soft=False)
    ask = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=place)(_examine_here)
    try:
        async with asyncio.timeout(2 * ANSWER_S):
            return [Finding(*each) for each in await ask.remote(settings)]
    except (TimeoutError, ray.exceptions.RayError) as error:
        return [Finding("answer", False, f"none ({type(error).__name__})")]


def _examine_here(settings: str) -> list[tuple[str, bool, str]]:
    return asyncio.run(examine(settings))
