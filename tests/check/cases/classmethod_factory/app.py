import redis


class Cache:
    def __init__(self, client):
        self.client = client

    @classmethod
    def create(cls):
        return cls(redis.Redis())

    async def get(self, key):
        return self.client.get(key)  # expect: redis.Redis.get
