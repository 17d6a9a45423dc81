import redis

cache = None


def start():
    global cache
    cache = redis.Redis()


async def get(key):
    return cache.get(key)  # expect: redis.Redis.get
