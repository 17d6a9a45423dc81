"""Redis keeps the tallies: one script a kind, so that each change is atomic and on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst.cluster.courier import Away
from ai_catalyst.cluster.tallies import TALLIES
from ai_catalyst.errors import CatalystError, StoreError, UserError

if TYPE_CHECKING:
    import redis

    from ai_catalyst.cluster.courier import Errand

__all__ = ["CLOCK", "RedisKeeper", "script"]

CLOCK = "local time = redis.call('TIME')\nlocal now = time[1] * 1e6 + time[2]\n"
"""What each script begins with: the server's time, in microseconds."""
TIMEOUT_S = 2.0
PASSING = ("LOADING", "BUSY", "MASTERDOWN", "READONLY", "TRYAGAIN", "CLUSTERDOWN", "OOM")
"""How errors begin that say: not now."""


@cache
def script(tally: str) -> str:
    """Return the Lua of a tally, without its clock."""
    return Path(__file__).with_name(f"{tally}.lua").read_text(encoding="utf-8")


class RedisKeeper:
    """Runs the scripts at ``url``; keys begin with ``namespace``.

    Raises `UserError` for a URL that makes no sense, and when redis is not installed.
    """

    remedy = "start it, or name another with cache.redis_url; the same command goes on from there"

    def __init__(self, url: str, namespace: str = "catalyst") -> None:
        """Prepare a client; nothing is dialled."""
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise UserError("redis is not installed: pip install 'ai-catalyst[redis]'") from error
        self._namespace = namespace
        self._errors = redis.exceptions
        self._digests: dict[str, str] = {}
        try:
            self._client: redis.Redis = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                socket_keepalive=True,
                health_check_interval=30,
                retry=Retry(NoBackoff(), 0),  # the courier knows what may be sent twice
            )
        except ValueError as error:
            raise UserError("the Redis URL is not understood: use redis://host:port/0") from error
        place = self._client.connection_pool.connection_kwargs
        address = place.get("path") or f"{place.get('host', 'localhost')}:{place.get('port', 6379)}"
        self.where = f"Redis at {address}"

    def carry(self, errands: Sequence[Errand]) -> list[Sequence[int] | CatalystError]:
        """Send all in one round trip; raises `Away` when Redis cannot be asked now."""
        errors = self._errors
        try:
            replies = self._send(errands)
            if any(isinstance(reply, errors.NoScriptError) for reply in replies):
                self._digests.clear()  # it was restarted: none of the others was run either
                replies = self._send(errands)
        except errors.AuthenticationError as error:
            raise Away("it refused the password") from error
        except (errors.ConnectionError, errors.TimeoutError, OSError) as error:
            raise Away(type(error).__name__) from error
        return [self._reply(reply) for reply in replies]

    def _send(self, errands: Sequence[Errand]) -> list[Any]:
        if not self._digests:
            # Not before all are known: a half-loaded server would be asked for what it lacks.
            self._digests = {
                tally: str(self._client.script_load(CLOCK + script(tally))) for tally in TALLIES
            }
        with self._client.pipeline(transaction=False) as pipe:
            for errand in errands:
                key = f"{self._namespace}:{errand.tally}:{errand.key}"
                pipe.evalsha(self._digests[errand.tally], 1, key, *map(_text, errand.arguments))
            return list(pipe.execute(raise_on_error=False))

    def _reply(self, reply: Any) -> Sequence[int] | CatalystError:
        if not isinstance(reply, Exception):
            return list(reply)
        text = str(reply)
        if text.startswith(PASSING):
            raise Away(text.partition(" ")[0]) from reply
        error = StoreError(f"{self.where} refused a script: {text.splitlines()[0][:200]}")
        error.__cause__ = reply
        return error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _text(argument: str | float) -> str:
    return argument if isinstance(argument, str) else repr(argument)
