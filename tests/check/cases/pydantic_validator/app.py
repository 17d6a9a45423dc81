import requests
from pydantic import BaseModel, field_validator
class A(BaseModel):
    u: str
    @field_validator("u")
    def chk(cls, v): requests.get(v); return v
async def f(): return A(u="x")  # expect: requests.get
