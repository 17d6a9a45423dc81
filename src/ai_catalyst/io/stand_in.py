"""A small memory that stands in for a cache server that is away."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["StandIn"]

_MOST = 10_000
_MOST_CHARACTERS = 64 * 2**20


class StandIn:
    """Holds text by key for a time, the longest unused dropped first when there is too much.

    Too much are more than ``most`` keys, or texts of ``most_characters`` in all.
    What was changed while it was on duty is remembered: the server must forget its own, older
    values of those keys before it is asked again.
    """

    def __init__(
        self,
        retry_s: float,
        clock: Callable[[], float],
        *,
        most: int = _MOST,
        most_characters: int = _MOST_CHARACTERS,
    ) -> None:
        """Start off duty and empty."""
        self._most_characters = most_characters
        self.characters = 0
        self._retry_s = retry_s
        self._clock = clock
        self._most = most
        self._until = float("-inf")
        self._held: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self.changed: set[str] = set()

    @property
    def on_duty(self) -> bool:
        """Whether the server is left alone for now."""
        return self._clock() < self._until

    def take_over(self) -> None:
        """Stand in until the server is worth another try."""
        self._until = self._clock() + self._retry_s

    def relieve(self) -> None:
        """Forget everything: the server is back."""
        self._held.clear()
        self.characters = 0
        self.changed.clear()

    def get(self, name: str) -> str | None:
        """Return what is held and not expired."""
        found = self._held.get(name)
        if found is None:
            return None
        if found[1] <= self._clock():
            self._drop(name)
            return None
        self._held.move_to_end(name)
        return found[0]

    def set(self, name: str, text: str, ttl: float | None) -> None:
        """Hold a text, for ``ttl`` seconds when given."""
        self._drop(name)
        self._held[name] = text, self._clock() + (float("inf") if ttl is None else ttl)
        self.characters += len(text)
        self.changed.add(name)
        while len(self._held) > self._most or self.characters > self._most_characters:
            self._drop(next(iter(self._held)))

    def delete(self, name: str) -> bool:
        """Drop a text; says whether there was one."""
        self.changed.add(name)
        return self._drop(name)

    def _drop(self, name: str) -> bool:
        dropped = self._held.pop(name, None)
        if dropped is not None:
            self.characters -= len(dropped[0])
        return dropped is not None

    def names(self, prefix: str) -> list[str]:
        """Return the keys that begin with ``prefix``."""
        return [name for name in self._held if name.startswith(prefix)]
