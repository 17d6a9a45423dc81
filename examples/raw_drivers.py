"""The drivers without us: asyncpg, asyncmy and aiomysql, one pool a program.

Run ``python examples/raw_drivers.py POSTGRES_URL MYSQL_URL``.
"""

import asyncio
import sys
from urllib.parse import urlsplit

import aiomysql
import asyncmy
import asyncpg


async def postgres(url):
    async with asyncpg.create_pool(url, min_size=1, max_size=20, command_timeout=60) as pool:
        row = await pool.fetchrow("SELECT $1::int + $2::int AS total", 40, 2)
        print("asyncpg", row["total"])


async def mysql(driver, url, **more):
    parts = urlsplit(url)
    pool = await driver.create_pool(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=parts.password or "",
        db=parts.path.lstrip("/"),
        minsize=1,
        maxsize=20,
        autocommit=True,
        **more,
    )
    try:
        # aiomysql has no time-out of its own for an answer.
        async with asyncio.timeout(60), pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT %s + %s", (40, 2))
            print(driver.__name__, (await cursor.fetchone())[0])
    finally:
        pool.close()
        await pool.wait_closed()


async def main(postgres_url, mysql_url):
    await asyncio.gather(
        postgres(postgres_url),
        mysql(asyncmy, mysql_url, read_timeout=60),
        mysql(aiomysql, mysql_url),
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
