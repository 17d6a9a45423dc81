"""What tokens cost: a dated table that comes with the package and that a person may override."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.llm.endpoints import Endpoint

__all__ = ["Price", "PriceTable", "price_of", "price_table"]

log = logging.getLogger(__name__)


class Price(NamedTuple):
    """What a model costs: USD per million tokens, read and written."""

    input: float
    output: float

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return the USD for so many tokens."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6


FREE = Price(0.0, 0.0)


class PriceTable(msgspec.Struct):
    """Prices by model; the longest name a model's name begins with counts.

    ``unknown`` are the prices assumed, by wire, for a model that is not listed: rather too high,
    because a budget must hold.
    """

    as_of: str
    prices: dict[str, Price]
    unknown: dict[str, Price] = {}
    unit: str = ""

    def find(self, model: str) -> Price | None:
        """Return the price of a model, or None when it is not listed."""
        name = model.lower().rsplit("/", 1)[-1]
        while name:
            if name in self.prices:
                return self.prices[name]
            cut = max(name.rfind("-"), name.rfind("@"), name.rfind(":"), name.rfind("."))
            name = name[:cut] if cut > 0 else ""
        return None


@lru_cache(maxsize=4)
def price_table(own: str | None = None) -> PriceTable:
    """Return the table of the package, with the prices of a file of one's own over it.

    The file is JSON: ``{"prices": {"my-model": [0.2, 0.8]}}``, USD per million tokens read and
    written. ``CATALYST_PRICES`` names it for the whole process.
    """
    shipped = (files("ai_catalyst.llm") / "prices.json").read_bytes()
    table = msgspec.json.decode(shipped, type=PriceTable)
    if own:
        try:
            given = msgspec.json.decode(Path(own).read_bytes(), type=_Own)
        except (OSError, msgspec.MsgspecError) as error:
            raise UserError(f"the price file {own!r} cannot be read: {error}") from error
        table.prices.update({name.lower(): price for name, price in given.prices.items()})
    return table


class _Own(msgspec.Struct):
    prices: dict[str, Price]


def price_of(endpoint: Endpoint, model: str | None) -> Price:
    """Return what an endpoint's tokens cost; nothing where it is one of your own."""
    if endpoint.tier != "cloud":
        return FREE
    return _cloud_price(endpoint.wire, model or "", os.environ.get("CATALYST_PRICES"))


@lru_cache(maxsize=256)
def _cloud_price(wire: str, model: str, own: str | None) -> Price:
    table = price_table(own)
    found = table.find(model)
    if found is None:
        found = table.unknown.get(wire) or max(table.unknown.values())
        log.warning(
            "no price is known for model %r: %g and %g USD per million tokens are assumed;"
            " CATALYST_PRICES names a file with your own",
            model,
            *found,
        )
    return found
