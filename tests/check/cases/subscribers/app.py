import requests
class Bus:
    def __init__(self): self.subs = []
    def subscribe(self, fn): self.subs.append(fn)
    async def emit(self):
        for s in self.subs: s()  # expect: requests.post
def push(): requests.post("x")
bus = Bus()
bus.subscribe(push)
