from abc import ABC, abstractmethod

import httpx


class Device(ABC):
    @property
    @abstractmethod
    def firmware(self) -> str: ...


class Plug(Device):
    def __init__(self, host):
        self.host = host

    @property
    def firmware(self):
        return httpx.get(f"http://{self.host}/version").text


async def report(devices: list[Device]):
    return [device.firmware for device in devices]  # expect: httpx.get
