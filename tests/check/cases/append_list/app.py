import time
class C:
    def go(self): time.sleep(1)
class R:
    def __init__(self):
        self.steps = []
        self.steps.append(C())
    async def run(self):
        for s in self.steps: s.go()  # expect: time.sleep
