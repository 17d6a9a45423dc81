from datetime import timedelta
import logging

from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .api import HeaterApi


class HeaterCoordinator(DataUpdateCoordinator):
    def __init__(self, hass, api: HeaterApi):
        super().__init__(
            hass, logging.getLogger(__name__), name="heater", update_interval=timedelta(30)
        )
        self.api = api

    async def _async_update_data(self):
        self.api.update()  # expect: requests.get
        return {"firmware": self.api.firmware}
