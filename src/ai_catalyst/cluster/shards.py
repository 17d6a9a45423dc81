"""What becomes of a shard whose worker died: a policy of numbers, apart from who runs it.

A shard is sent again after one death, because machines die. From the second on, the documents that
were in work each time are suspects: they are cut out and run alone, where a death has one cause.
Where no lease tells (a source that kills while it is read), the shard is halved until one source is
left. What ends its worker twice, alone, is poison: it is written down and the run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ai_catalyst.cluster.places import Place

__all__ = ["MOST_FAILURES", "Held", "Poison", "Shard", "Verdict", "after_death", "after_failure"]

DEATHS_BEFORE_DOUBT = 2
"""Deaths of workers over one shard from which its documents are suspected, not the machines."""
DEATHS_ALONE = 2
"""Deaths of workers that had one document alone, from which it is poison."""
MOST_FAILURES = 5
"""Times that a shard may end with an error of its node before the run does."""


class Held(NamedTuple):
    """A document that a dead worker had in work: its URI, its journal key, the deaths it saw."""

    label: str
    key: bytes
    deaths: int


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of the plan that one worker takes in one call.

    ``deaths`` counts workers that died over it as it is now; ``alone``: one document after the
    other, with nothing else in the worker; ``blamed`` is the key that was in work at the last
    death alone, empty when none was.
    """

    number: int
    places: tuple[Place, ...]
    alone: bool = False
    deaths: int = 0
    failures: int = 0
    blamed: bytes | None = None

    @property
    def count(self) -> int:
        """How many sources it holds."""
        return len(self.places)


class Poison(NamedTuple):
    """A document that ends every worker; the key is empty when it does so while it is read."""

    label: str
    key: bytes
    deaths: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to run instead of the shard, each with ``number`` still that of the old one."""

    shards: tuple[Shard, ...]
    poison: Poison | None = None


def after_death(shard: Shard, held: Sequence[Held]) -> Verdict:
    """Say what to do after a worker died over a shard and had ``held`` of it in work."""
    shard = replace(shard, deaths=shard.deaths + 1)
    if shard.alone:
        return _after_death_alone(shard, held)
    if shard.deaths < DEATHS_BEFORE_DOUBT:
        return Verdict((shard,))
    suspects = {one.label for one in held if one.deaths >= DEATHS_BEFORE_DOUBT}
    guilty = [place for place in shard.places if _names(place, suspects)]
    if guilty:
        return Verdict(_cut(shard, guilty))
    if shard.count == 1:
        return Verdict((_alone(shard, shard.places[0]),))
    middle = shard.count // 2
    return Verdict(
        tuple(
            replace(shard, places=places, deaths=DEATHS_BEFORE_DOUBT - 1)
            for places in (shard.places[:middle], shard.places[middle:])
        )
    )


def after_failure(shard: Shard) -> Shard | None:
    """Return the shard to send again after an error of its node; None when it was tried enough."""
    shard = replace(shard, failures=shard.failures + 1)
    return shard if shard.failures < MOST_FAILURES else None


def _after_death_alone(shard: Shard, held: Sequence[Held]) -> Verdict:
    blamed = held[0] if held else Held(shard.places[0].uri, b"", 0)
    if shard.blamed is not None and shard.blamed != blamed.key:
        shard = replace(shard, deaths=1)  # another one than before
    if shard.deaths < DEATHS_ALONE:
        return Verdict((replace(shard, blamed=blamed.key),))
    poison = Poison(blamed.label, blamed.key, max(shard.deaths, blamed.deaths))
    return Verdict((replace(shard, deaths=0, blamed=None),), poison)


def _cut(shard: Shard, guilty: Sequence[Place]) -> tuple[Shard, ...]:
    numbers = {place.number for place in guilty}
    rest = tuple(place for place in shard.places if place.number not in numbers)
    kept = (replace(shard, places=rest, deaths=0),) if rest else ()
    return (*kept, *(_alone(shard, place) for place in guilty))


def _alone(shard: Shard, place: Place) -> Shard:
    return replace(shard, places=(place,), alone=True, deaths=0, blamed=None)


def _names(place: Place, labels: set[str]) -> bool:
    """Say whether a label is the place's, or that of one of its parts (``uri#part``)."""
    if place.uri in labels:
        return True
    inside = f"{place.uri}#"
    return any(label.startswith(inside) for label in labels)
