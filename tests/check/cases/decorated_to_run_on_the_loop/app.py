import requests
from homeassistant.components.sensor import SensorEntity
from homeassistant.core import callback


class Meter(SensorEntity):
    @property
    def native_value(self):
        return requests.get("http://meter/", timeout=2).json()  # expect: requests.get

    def update(self):
        requests.get("http://meter/", timeout=2)


@callback
def on_change(event):
    requests.post("http://hook/", json=event, timeout=2)  # expect: requests.post
