from .zone_api.api import ZoneApi


async def async_setup_entry(hass, entry):
    api = ZoneApi(entry.data["token"])  # expect: open
    await api.login()
    return True
