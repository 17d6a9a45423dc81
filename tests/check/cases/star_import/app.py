from tools import *


async def view():
    pause()  # expect: time.sleep
