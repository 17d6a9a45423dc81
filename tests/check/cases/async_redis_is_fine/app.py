import redis.asyncio as redis

cache = redis.Redis()


async def get(key):
    return await cache.get(key)
