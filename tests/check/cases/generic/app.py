import requests
from typing import Generic, TypeVar
T = TypeVar("T")
class Box(Generic[T]):
    def __init__(self, v: T): self.v = v
async def f(): return Box(requests.Session()).v.get("x")  # expect: requests.Session.get
