from functools import lru_cache

import redis


@lru_cache
def get_redis() -> redis.Redis:
    return redis.Redis.from_url("redis://localhost", decode_responses=True)


class TokenStore:
    prefix = "token:"

    def __init__(self, client: redis.Redis | None = None):
        self.client = client or get_redis()

    def is_revoked(self, jti: str) -> bool:
        return self.client.exists(self.prefix + jti) == 1


async def current_user(token: dict, store: TokenStore | None = None):
    store = store or TokenStore()
    if store.is_revoked(token["jti"]):  # expect: redis.Redis.exists
        raise PermissionError
    return token["sub"]
