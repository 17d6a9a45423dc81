import time
from typing import Protocol


class Clock(Protocol):
    def wait_for_tick(self) -> None: ...


class Wall:
    def wait_for_tick(self) -> None:
        time.sleep(1)


async def tick(clock: Clock):
    clock.wait_for_tick()  # expect: time.sleep
