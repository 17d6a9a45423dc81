import concurrent.futures
import json

_pool = None


def _get_pool():
    global _pool
    if _pool is None:
        _pool = concurrent.futures.ProcessPoolExecutor(max_workers=2)
    return _pool


def safe_execute(name, arguments, timeout=30.0):
    future = _get_pool().submit(run_tool, name, arguments)
    try:
        return future.result(timeout=timeout)
    except concurrent.futures.TimeoutError:
        return {"error": "too slow"}


def run_tool(name, arguments):
    return {name: arguments}


def register(server, names):
    for name in names:

        async def handler(_name=name, **kwargs):
            result = safe_execute(_name, kwargs)  # expect: concurrent.futures.Future.result
            return json.dumps(result)

        server.add_tool(handler, name=name)
