import asyncio


class Bridge:
    def __init__(self, loop):
        self.loop = loop

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()


async def refresh(bridge: Bridge, job):
    return bridge.call(job())  # expect: concurrent.futures.Future.result


async def nested(job):
    loop = asyncio.new_event_loop()
    return loop.run_until_complete(job())  # expect: asyncio.loop.run_until_complete
