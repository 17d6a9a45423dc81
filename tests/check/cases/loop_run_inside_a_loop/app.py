import asyncio


def either(coroutine):
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    return None


def always(coroutine):
    return asyncio.get_event_loop().run_until_complete(coroutine)


async def handler(job):
    either(job())
    return always(job())  # expect: asyncio.loop.run_until_complete
