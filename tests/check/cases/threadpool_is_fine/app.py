import anyio
from starlette.concurrency import run_in_threadpool


def read(path):
    with open(path) as file:
        return file.read()


async def handler(path):
    await run_in_threadpool(read, path)
    return await anyio.to_thread.run_sync(read, path)
