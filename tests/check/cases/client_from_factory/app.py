import redis


def make():
    return redis.from_url("redis://localhost")


class Cache:
    def __init__(self):
        self.redis = make()

    async def get(self, key):
        return self.redis.get(key)  # expect: redis.Redis.get
