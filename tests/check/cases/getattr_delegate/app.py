import requests
class W:
    def __init__(self): self._s = requests.Session()
    def __getattr__(self, n): return getattr(self._s, n)
async def f(): return W().get("x")  # expect: requests.Session.get
