"""Redis keeps the tallies: one script a kind, so that each change is atomic and on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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
        """Look at the URL; nothing is imported or dialled before the first errand."""
        if find_spec("redis") is None:
            raise UserError("redis is not installed: pip install 'ai-catalyst[redis]'")
        self._url = url
        self._namespace = namespace
        self._digests: dict[str, str] = {}
        self.where = f"Redis at {_address(url)}"

    @cached_property
    def client(self) -> redis.Redis:
        """The client; importing it takes a while, so this belongs in a thread."""
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        made: redis.Redis = Redis.from_url(
            self._url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 0),  # the courier knows what may be sent twice
        )
        return made

    def carry(self, errands: Sequence[Errand]) -> list[Sequence[int] | CatalystError]:
        """Send all in one round trip; raises `Away` when Redis cannot be asked now."""
        from redis import exceptions as errors

        try:
            replies = self._send(errands)
            if any(isinstance(reply, errors.NoScriptError) for reply in replies):
                self._digests.clear()  # it was restarted: none of the others was run either
                replies = self._send(errands)
        except errors.AuthenticationError as error:
            raise Away("it refused the password") from error
        except (errors.RedisError, OSError) as error:
            raise Away(type(error).__name__) from error
        return [self._reply(reply) for reply in replies]

    def _send(self, errands: Sequence[Errand]) -> list[Any]:
        if not self._digests:
            # Not before all are known: a half-loaded server would be asked for what it lacks.
            self._digests = {
                tally: str(self.client.script_load(CLOCK + script(tally))) for tally in TALLIES
            }
        with self.client.pipeline(transaction=False) as pipe:
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
        if "client" in self.__dict__:
            self.client.close()


def _address(url: str) -> str:
    """Return host and port, or the socket, without what is secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port or 6379
    except ValueError:
        parts, host, port = urlsplit(""), "", 0
    if parts.scheme == "unix":
        return parts.path
    if parts.scheme not in {"redis", "rediss"}:
        raise UserError("the Redis URL is not understood: use redis://host:port/0")
    return f"{host}:{port}"


def _text(argument: str | float) -> str:
    return argument if isinstance(argument, str) else repr(argument)
