import requests
async def f(h):
    if isinstance(h, requests.Session):
        return h.get("x")  # expect: requests.Session.get
