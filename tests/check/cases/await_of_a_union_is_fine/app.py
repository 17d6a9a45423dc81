import inspect
import time


class Quick:
    async def run(self):
        return 1


class Slow:
    def run(self):
        return time.sleep(1)


def make(kind):
    return Quick() if kind else Slow()


async def call(kind):
    action = make(kind)
    if inspect.iscoroutinefunction(action.run):
        return await action.run()
    return None
