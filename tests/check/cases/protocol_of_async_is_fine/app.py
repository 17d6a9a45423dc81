import time
from typing import Protocol


class Step(Protocol):
    async def run(self) -> None: ...


class Slow:
    def run(self) -> None:
        time.sleep(1)


async def steps(step: Step):
    await step.run()


def plain():
    Slow().run()
