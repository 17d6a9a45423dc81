from celery import Celery

app = Celery()


@app.task
def work():
    import time

    time.sleep(100)


async def handler():
    work.delay()  # expect: celery.Task.delay
