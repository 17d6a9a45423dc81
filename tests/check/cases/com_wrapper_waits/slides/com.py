import queue
import threading
from concurrent.futures import Future


class ComWrapper:
    """Runs calls on the one thread that may talk to the program."""

    def __init__(self):
        self._queue: queue.Queue = queue.Queue()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _loop(self):
        while True:
            func, args, future = self._queue.get()
            try:
                future.set_result(func(*args))
            except Exception as e:
                future.set_exception(e)

    def execute(self, func, *args):
        future: Future = Future()
        self._queue.put((func, args, future))
        return future.result(timeout=30.0)


ppt = ComWrapper()
