import atexit
import concurrent.futures

import clickhouse_connect

QUERY_EXECUTOR = concurrent.futures.ThreadPoolExecutor(max_workers=10)
atexit.register(lambda: QUERY_EXECUTOR.shutdown(wait=True))


def create_client():
    return clickhouse_connect.get_client(host="localhost")


def execute_query(query: str):
    client = create_client()
    res = client.query(query, settings={"readonly": 1})
    return {"columns": res.column_names, "rows": res.result_rows}


async def run_select_query(query: str):
    future = QUERY_EXECUTOR.submit(execute_query, query)
    try:
        return future.result(timeout=30)  # expect: concurrent.futures.Future.result
    except concurrent.futures.TimeoutError:
        future.cancel()
        raise


async def list_databases():
    client = create_client()  # expect: clickhouse_connect.get_client
    return client.command("SHOW DATABASES")  # expect: clickhouse_connect.get_client().command
