import time


def fourth():
    time.sleep(2)
