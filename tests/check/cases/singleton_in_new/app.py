import redis
class Cache:
    _inst = None
    def __new__(cls):
        if cls._inst is None:
            cls._inst = super().__new__(cls)
            cls._inst.r = redis.Redis()
        return cls._inst
async def f(): return Cache().r.get("x")  # expect: redis.Redis.get
