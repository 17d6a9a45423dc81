"""Whether a cluster can do the work, asked before it begins: by name, node by node."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai_catalyst.cluster import probe
from ai_catalyst.cluster.session import Node, nodes
from ai_catalyst.errors import StoreError, UserError

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings

__all__ = ["EXTRAS", "KEYS", "Has", "have", "ping_redis", "require_likeness", "require_redis"]

EXTRAS = ("ray", "asyncpg", "redis")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY")
ANSWER_S = 30.0
REDIS_S = 5.0


@dataclass(frozen=True, slots=True)
class Has:
    """What a node has: versions by name, extras that it lacks, keys that are set (never shown)."""

    node: Node
    versions: dict[str, str]
    missing: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    error: str = ""


async def have(ray: Any) -> list[Has]:
    """Ask every node what it has; a node that does not answer says so."""
    found = await asyncio.to_thread(nodes, ray)
    ray.cloudpickle.register_pickle_by_value(probe)
    try:
        return await asyncio.gather(*(_ask(ray, node) for node in found))
    finally:
        ray.cloudpickle.unregister_pickle_by_value(probe)


async def require_likeness(ray: Any) -> None:
    """Raise `UserError` naming the node when one lacks something, or has other versions."""
    for has in await have(ray):
        if problem := difference(has):
            raise UserError(f"{has.node.name} {problem}")


def difference(has: Has) -> str:
    """Say how a node differs from this machine, and what to do; empty when it does not."""
    if has.error:
        return has.error
    mine = probe.versions(EXTRAS, ())
    if has.missing:
        return (
            f"lacks {', '.join(has.missing)}: pip install 'ai-catalyst[cluster]' there, "
            "then `ray start` again"
        )
    for name in ("ai-catalyst", "ray", "python"):
        theirs, ours = has.versions[name], mine[name]
        if name == "python":  # what is sent between them changes with the minor version only
            theirs, ours = (".".join(one.split(".")[:2]) for one in (theirs, ours))
        if theirs != ours:
            return f"has {name} {theirs or 'not at all'}, this machine {ours}: install the same"
    return ""


async def require_redis(settings: Settings) -> None:
    """Raise `StoreError` when a Redis is configured and does not answer."""
    if settings.cache.redis_url is not None:
        await ping_redis(settings.cache.redis_url.get_secret_value())


async def ping_redis(url: str) -> None:
    """Ask a Redis whether it is there. Raises `StoreError`, `UserError` for a wrong URL."""
    import redis.asyncio
    from redis.exceptions import AuthenticationError, RedisError

    try:
        client = redis.asyncio.Redis.from_url(url, socket_timeout=REDIS_S)
    except ValueError as error:
        raise UserError("cache.redis_url is no Redis URL: redis://host:6379/0") from error
    place = client.connection_pool.connection_kwargs
    shown = place.get("path") or f"{place.get('host', 'localhost')}:{place.get('port', 6379)}"
    try:
        async with asyncio.timeout(REDIS_S):
            await client.ping()
    except AuthenticationError as error:
        raise StoreError(
            f"Redis at {shown} refuses the password: check the user and password in cache.redis_url"
        ) from error
    except (RedisError, OSError) as error:
        raise StoreError(
            f"Redis at {shown} does not answer ({type(error).__name__}): start it, or leave "
            "cache.redis_url out; limits are then kept by the cluster itself"
        ) from error
    finally:
        await client.aclose()


async def _ask(ray: Any, node: Node) -> Has:
    try:
        strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        ask = ray.remote(
            num_cpus=0, max_retries=0, scheduling_strategy=strategy(node.id, soft=False)
        )(probe.versions)
        async with asyncio.timeout(ANSWER_S):
            told = await ask.remote(EXTRAS, KEYS)
    except (TimeoutError, ray.exceptions.RayError) as error:
        return Has(node, {}, error=f"does not answer ({type(error).__name__})")
    names = ("ai-catalyst", "ray", "python")
    return Has(node, {name: told[name] for name in names}, told["missing"], told["keys"])
