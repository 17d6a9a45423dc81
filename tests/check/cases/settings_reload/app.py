import os

import yaml


class Config:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def reload(self, path="config.yaml"):
        with open(path, encoding="utf-8") as stream:
            self.values = yaml.safe_load(stream)
        return self.values


config = Config()


async def on_message(message):
    if message.content == "!reload":
        values = config.reload(os.environ["CONFIG"])  # expect: open
        await message.channel.send(f"{len(values)} settings")
