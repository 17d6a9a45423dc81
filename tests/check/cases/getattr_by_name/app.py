import time
class X:
    def do_a(self): time.sleep(1)
    async def f(self, k): return getattr(self, "do_a")()  # expect: time.sleep
