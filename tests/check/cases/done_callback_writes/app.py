import asyncio
import json


class Recorder:
    def __init__(self, path):
        self.path = path
        self.results = []

    def _finished(self, task):
        self.results.append(task.result())
        with open(self.path, "w") as out:  # expect: open
            json.dump(self.results, out)

    async def run(self, jobs):
        for job in jobs:
            task = asyncio.create_task(job())
            task.add_done_callback(self._finished)
