import requests
R = {}
def register(n):
    def d(fn):
        R[n] = fn
        return fn
    return d
@register("a")
def a(): return requests.get("x")
async def f(k): return R[k]()  # expect: requests.get
