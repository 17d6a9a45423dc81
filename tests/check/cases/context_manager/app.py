import sqlite3
from contextlib import contextmanager


@contextmanager
def database():
    connection = sqlite3.connect("x.db")
    yield connection
    connection.close()


async def insert():
    with database() as connection:  # expect: sqlite3.connect
        connection.execute("insert into t values (1)")  # expect: sqlite3.Connection.execute
