import requests
from fastapi import Depends, FastAPI

app = FastAPI()


def token():
    return requests.get("https://example.com", timeout=1).text


@app.get("/")
async def view(value=Depends(token)):
    return value
