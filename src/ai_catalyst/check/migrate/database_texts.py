"""What a migrated file gets to speak with databases, as source text."""

from __future__ import annotations

__all__ = ["IMPORT", "MYSQL", "OUTPUT", "PARTS", "POSTGRES", "ROW", "SQL", "URL"]

POSTGRES = '''
class _Database:
    """Connections to PostgreSQL: a pool that the first use opens, one for each event loop."""

    def __init__(self, dsn=None, *, min_size=0, max_size=10, **options):
        if dsn and "://" not in dsn:  # libpq's own form: "host=db dbname=shop"
            options = {**dict(part.split("=", 1) for part in shlex.split(dsn)), **options}
            dsn = None
        names = {"dbname": "database", "connect_timeout": "timeout", "sslmode": "ssl"}
        self._options = {names.get(name, name): value for name, value in options.items()}
        for name in ("port", "timeout"):
            if name in self._options:
                self._options[name] = int(self._options[name])
        self._options.update(dsn=dsn, min_size=min_size, max_size=max_size, init=self._prepare)
        self._loop = self._opening = None
        self._current = contextvars.ContextVar("current", default=(None, None))

    @staticmethod
    async def _prepare(connection):
        """Give values back in the types that psycopg2 gives."""
        for name in ("json", "jsonb"):
            await connection.set_type_codec(
                name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads
            )
        await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str)

    async def _pool(self):
        loop = asyncio.get_running_loop()
        if self._opening is None or self._loop is not loop or self._opening.cancelled():
            self._loop = loop
            self._opening = loop.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self):
        try:
            return await asyncpg.create_pool(**self._options)
        except BaseException:
            self._opening = None  # the next use tries again
            raise

    @contextlib.asynccontextmanager
    async def alone(self):
        """Lend a connection; each statement is kept as soon as it is done."""
        task, connection = self._current.get()
        if connection is not None and task is asyncio.current_task():
            yield connection
            return
        pool = await self._pool()
        async with pool.acquire() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def transaction(self):
        """Lend a connection; what is done is kept at the end of the block, undone if it raises."""
        task, connection = self._current.get()
        if connection is not None and task is asyncio.current_task():
            async with connection.transaction():
                yield connection
            return
        pool = await self._pool()
        async with pool.acquire() as connection, connection.transaction():
            token = self._current.set((asyncio.current_task(), connection))
            try:
                yield connection
            finally:
                self._current.reset(token)

    async def close(self):
        """Close every connection; another use opens them anew."""
        if self._opening is not None and self._loop is asyncio.get_running_loop():
            opening, self._opening = self._opening, None
            await (await opening).close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.close()
'''

MYSQL = '''
class _Database:
    """Connections to MySQL: a pool that the first use opens, one for each event loop."""

    def __init__(self, host=None, user=None, password="", database=None, **options):
        given = {"host": host, "user": user, "password": password, "db": database}
        names = {"passwd": "password", "database": "db", "cursorclass": "cursor_cls"}
        given.update((names.get(name, name), value) for name, value in options.items())
        self._cursor = given.pop("cursor_cls", None)
        self._options = {name: value for name, value in given.items() if value is not None}
        self._loop = self._opening = None
        self._current = contextvars.ContextVar("current", default=(None, None))

    async def _pool(self):
        loop = asyncio.get_running_loop()
        if self._opening is None or self._loop is not loop or self._opening.cancelled():
            self._loop = loop
            self._opening = loop.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self):
        try:
            return await aiomysql.create_pool(minsize=0, **self._options)
        except BaseException:
            self._opening = None  # the next use tries again
            raise

    @contextlib.asynccontextmanager
    async def transaction(self, cursor_class=None):
        """Lend a cursor; what is done is kept at the end of the block, undone if it raises."""
        kinds = [kind for kind in (cursor_class, self._cursor) if kind][:1]
        task, connection = self._current.get()
        if connection is not None and task is asyncio.current_task():
            async with connection.cursor(*kinds) as cursor:
                yield cursor
            return
        pool = await self._pool()
        async with pool.acquire() as connection:
            token = self._current.set((asyncio.current_task(), connection))
            await connection.begin()
            try:
                async with connection.cursor(*kinds) as cursor:
                    yield cursor
            except BaseException:
                await connection.rollback()
                raise
            else:
                await connection.commit()
            finally:
                self._current.reset(token)

    async def close(self):
        """Close every connection; another use opens them anew."""
        if self._opening is not None and self._loop is asyncio.get_running_loop():
            opening, self._opening = self._opening, None
            pool = await opening
            pool.close()
            await pool.wait_closed()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.close()
'''

SQL = '''
def _sql(query, params):
    """Return SQL with $1, $2 … for psycopg2's %s and %(name)s, then the parameters in order."""
    names, order = isinstance(params, dict), []

    def number(mark):
        if mark[0] == "%%":
            return "%"
        if mark[1] not in order or not names:
            order.append(mark[1])
        return f"${order.index(mark[1]) + 1 if names else len(order)}"

    made = re.sub(r"%(?:\\((.*?)\\))?[s%]", number, query)
    return (made, *([params[name] for name in order] if names else params))
'''

ROW = '''
def _row(row, kind):
    """Return a record as a tuple or a dict; None stays None."""
    return None if row is None else kind(row)
'''

URL = '''
def _async_url(url):
    """Return a database URL with the async driver of its database."""
    url = make_url(url)
    drivers = {"postgresql": "asyncpg", "mysql": "aiomysql", "mariadb": "aiomysql"}
    name = url.get_backend_name()
    if "sslmode" in url.query:  # asyncpg says ssl
        url = url.difference_update_query(["sslmode"]).update_query_dict(
            {"ssl": url.query["sslmode"]}
        )
    return url.set(drivername=f"{name}+{drivers.get(name, 'aiosqlite')}")
'''

IMPORT = '''
def _at_import(engine, work):
    """Run a function on a connection where no loop may wait: as a module is imported."""

    async def run():
        async with engine.begin() as connection:
            await connection.run_sync(work)
        if type(engine.pool).__name__ != "StaticPool":  # its one connection may be the database
            await engine.dispose()  # what is pooled belongs to the loop that ends here

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()  # noqa: blocking(no loop runs yet)
'''

PARTS = '''
async def _parts_of(file):
    """Give what a file holds piece by piece, as bytes."""
    while part := await asyncio.to_thread(file.read, 65536):
        yield part.encode() if isinstance(part, str) else part
'''

OUTPUT = '''
def _write_to(file):
    """Return what writes bytes into a file, whether it takes bytes or text."""

    async def write(data):
        is_text = isinstance(file, io.TextIOBase)
        await asyncio.to_thread(file.write, data.decode() if is_text else bytes(data))

    return write
'''
