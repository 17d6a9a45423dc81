import psycopg2


def count(connection):
    cursor = connection.cursor()
    cursor.execute("select 1")
    return 1


async def report():
    connection = psycopg2.connect("dbname=x")  # expect: psycopg2.connect
    return count(connection)  # expect: psycopg2.cursor.execute
