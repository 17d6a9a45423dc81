"""The shared tallies without Redis: one actor of Ray keeps them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ai_catalyst.cluster.courier import Away
from ai_catalyst.cluster.tallies import TALLIES, Entry
from ai_catalyst.errors import CatalystError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai_catalyst.cluster.courier import Errand

__all__ = ["ActorKeeper", "Permits"]

TIMEOUT_S = 5.0


class Permits:
    """Keeps tallies in memory, by the same arithmetic as the scripts in Redis."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._entries: dict[tuple[str, str], Entry] = {}

    def carry(self, errands: Sequence[tuple[str, str, tuple[Any, ...]]]) -> list[list[int]]:
        """Return the reply to each (tally, key, arguments), in order."""
        return [
            TALLIES[tally](
                self._entries.setdefault((tally, key), {}), self._clock() * 1e6 // 1, *arguments
            )
            for tally, key, arguments in errands
        ]


class ActorKeeper:
    """Asks the one actor of this Ray cluster that keeps the tallies of a namespace.

    Ray must run already. The first errand starts the actor, so it should be the driver's: it ends
    with whoever started it, and is started again by the next to ask.
    """

    remedy = "check that the Ray cluster runs, or name a Redis with cache.redis_url"

    def __init__(self, namespace: str = "catalyst") -> None:
        """Look whether Ray runs; raises `UserError` when not. The first errand finds the actor."""
        try:
            import ray
        except ImportError as error:
            raise UserError("ray is not installed: pip install 'ai-catalyst[cluster]'") from error
        if not ray.is_initialized():
            raise UserError("without Redis the shared limits need a Ray that runs")
        self.where = "the permit actor of Ray"
        self._ray = ray
        self._namespace = namespace
        self._actor: Any = None

    def _find(self) -> Any:
        kind = self._ray.remote(Permits)
        return kind.options(
            name="permits",
            namespace=self._namespace,
            get_if_exists=True,
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=0,
        ).remote()

    def carry(self, errands: Sequence[Errand]) -> list[Sequence[int] | CatalystError]:
        """Ask in one call; raises `Away` while the actor or the cluster cannot be reached."""
        errors = self._ray.exceptions
        asked = [(errand.tally, errand.key, errand.arguments) for errand in errands]
        try:
            if self._actor is None:
                self._actor = self._find()
            return list(self._ray.get(self._actor.carry.remote(asked), timeout=TIMEOUT_S))
        except errors.ActorDiedError as error:
            self._actor = None
            raise Away("it died") from error
        except (errors.RayError, TimeoutError, ConnectionError) as error:
            raise Away(type(error).__name__) from error

    def close(self) -> None:
        """Leave the actor to the others."""
