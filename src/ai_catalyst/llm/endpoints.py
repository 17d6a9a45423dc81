"""Where models are asked: an `Endpoint`, and those the environment names."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TIERS", "Endpoint", "Tier", "as_endpoint", "from_environment", "in_tier_order"]

Tier = Literal["local", "network", "cloud"]
TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place where a model answers.

    ``tier`` is ``local`` (this machine), ``network`` (the LAN) or ``cloud``. ``url`` includes the
    version, as in ``http://127.0.0.1:11434/v1``. Without a ``model`` the server's own default is
    asked for. ``private`` is decided by the address really dialled (loopback or private range);
    True for a public host is a person's promise and is shown as a warning, False puts the privacy
    gate before any host. The limits are per minute and in flight; None means the provider's usual
    ones. Raises `UserError` for a tier, wire or URL that cannot be.
    """

    name: str
    tier: Tier
    url: str
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    wire: str = "openai"
    private: bool | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_concurrent: int | None = None
    host: str = field(init=False, repr=False, compare=False, default="")
    """The host that is dialled, without the port."""

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled, naming the endpoint."""
        if self.tier not in TIERS:
            raise UserError(
                f"endpoint {self.name!r}: tier is one of {', '.join(TIERS)}, not {self.tier!r}"
            )
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"endpoint {self.name!r}: the URL must begin with http:// or https://")
        if parts.username or parts.password:
            raise UserError(f"endpoint {self.name!r}: put the key in `key`, not in the URL")
        for limit in ("requests_per_minute", "tokens_per_minute", "max_concurrent"):
            value = getattr(self, limit)
            if value is not None and value <= 0:
                raise UserError(f"endpoint {self.name!r}: {limit} must be above 0, not {value}")
        path = parts.path.rstrip("/") or "/v1"
        object.__setattr__(self, "url", f"{parts.scheme}://{parts.netloc}{path}")
        object.__setattr__(self, "host", parts.hostname)


def as_endpoint(value: Endpoint | Mapping[str, Any]) -> Endpoint:
    """Return an endpoint from itself or from its YAML form; an unknown field is refused by name."""
    if isinstance(value, Endpoint):
        return value
    known = [each.name for each in fields(Endpoint) if each.init]
    unknown = sorted(set(value) - set(known))
    missing = [name for name in ("name", "tier", "url") if not value.get(name)]
    if unknown or missing:
        wrong = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
        raise UserError(f"an endpoint has {wrong}; its fields are {', '.join(known)}")
    return Endpoint(**value)


def in_tier_order(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Sort nearest first; within a tier the given order stays."""
    return sorted(endpoints, key=lambda endpoint: TIERS.index(endpoint.tier))


PROVIDERS: Mapping[str, tuple[str, str]] = {
    "openai": ("https://api.openai.com/v1", "gpt-5-mini"),
    "anthropic": ("https://api.anthropic.com/v1", "claude-haiku-4-5"),
    "mistral": ("https://api.mistral.ai/v1", "mistral-small-latest"),
}
"""The cloud providers known by name: base URL and the model asked for when none is named."""


def from_environment(
    environ: Mapping[str, str] | None = None, first: str | None = None
) -> list[Endpoint]:
    """Return the endpoints that the environment names, nearest first; asks nobody.

    ``CATALYST_LOCAL_URL``/``_MODEL``/``_KEY``, ``CATALYST_NETWORK_URL``/``_MODEL``/``_KEY``, then
    each of ``OPENAI_API_KEY``, ``ANTHROPIC_API_KEY``, ``MISTRAL_API_KEY`` that is set, with
    ``…_BASE_URL`` and ``…_MODEL`` beside it; the one named ``first``, else by ``API_PROVIDER``,
    comes first.
    """
    env = os.environ if environ is None else environ
    found = []
    near: tuple[tuple[Tier, str], ...] = (
        ("local", "CATALYST_LOCAL"),
        ("network", "CATALYST_NETWORK"),
    )
    for tier, prefix in near:
        if url := env.get(f"{prefix}_URL"):
            model, key = env.get(f"{prefix}_MODEL") or None, env.get(f"{prefix}_KEY") or None
            found.append(Endpoint(tier, tier, url, model, key))
    first = first or env.get("API_PROVIDER", "").strip().lower()
    for name in sorted(PROVIDERS, key=lambda provider: provider != first):
        prefix, (url, model) = name.upper(), PROVIDERS[name]
        if key := env.get(f"{prefix}_API_KEY"):
            url = env.get(f"{prefix}_BASE_URL") or url
            model = env.get(f"{prefix}_MODEL") or model
            found.append(Endpoint(name, "cloud", url, model, key, wire=name))
    return found
