import time
def work(): time.sleep(1)
async def run(cb): cb()  # expect: time.sleep
async def f(): await run(work)
