from .device import CachedMeter


class PowerSensor:
    def __init__(self, meter: CachedMeter) -> None:
        self._meter = meter
        self._attr_native_value = None

    async def async_update(self) -> None:
        self._attr_native_value = self._meter.power  # expect: urllib.request.urlopen
