from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .api import HeaterApi
from .coordinator import HeaterCoordinator


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    api = HeaterApi(entry.data["host"])
    coordinator = HeaterCoordinator(hass, api)
    await coordinator.async_config_entry_first_refresh()
    hass.data.setdefault("heater", {})[entry.entry_id] = coordinator
    return True
