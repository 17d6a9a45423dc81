from functools import cached_property
from pathlib import Path


class Settings:
    @cached_property
    def text(self):
        return Path("settings").read_text()

    async def get(self):
        return self.text  # expect: pathlib.Path.read_text
