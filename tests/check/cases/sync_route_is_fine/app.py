import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/slow")
def slow():
    time.sleep(5)
