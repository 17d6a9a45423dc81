import json
import os


class ZoneApi:
    def __init__(self, token):
        self._token = token
        script_directory = os.path.dirname(__file__)
        f = open(script_directory + "/../manifest.json")
        self._version = json.load(f)["version"]
        f.close()

    async def login(self):
        return self._version
