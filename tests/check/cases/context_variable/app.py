import requests
from contextvars import ContextVar
http: ContextVar[requests.Session] = ContextVar("x")
async def f(): return http.get().get("x")  # expect: requests.Session.get
