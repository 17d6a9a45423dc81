"""The ways in which programs use psycopg2."""

import json
import os

import psycopg2
import psycopg2.extras
from contextlib import contextmanager, closing
from psycopg2.extras import RealDictCursor, execute_values, Json
from psycopg2.pool import SimpleConnectionPool

DSN = os.environ["DATABASE_URL"]
pool = SimpleConnectionPool(1, 5, DSN)


@contextmanager
def get_cursor():
    conn = pool.getconn()
    try:
        with conn.cursor(cursor_factory=RealDictCursor) as cur:
            yield cur
        conn.commit()
    except Exception:
        conn.rollback()
        raise
    finally:
        pool.putconn(conn)


def get_connection():
    return psycopg2.connect(DSN)


def setup():
    with get_cursor() as cur:
        cur.execute("create table if not exists t (id int primary key, name text, data jsonb)")
        cur.execute("truncate t")


def add(id, name, data):
    conn = get_connection()
    cur = conn.cursor()
    try:
        cur.execute("insert into t values (%(id)s, %(name)s, %(data)s)", {"id": id, "name": name, "data": Json(data)})
        conn.commit()
    except psycopg2.IntegrityError:
        conn.rollback()
        return False
    finally:
        cur.close()
        conn.close()
    return True


def all_rows():
    with get_cursor() as cur:
        cur.execute("select * from t order by id")
        return cur.fetchall()


def names(prefix):
    conn = psycopg2.connect(DSN)
    cur = conn.cursor()
    cur.execute("select name from t where name like %s and name like '%%a%%' and id in %s order by 1", (prefix + "%", (1, 2, 3)))
    found = [row[0] for row in cur]
    cur.close()
    conn.close()
    return found


def many(rows):
    with psycopg2.connect(DSN) as conn:
        with conn.cursor() as cur:
            execute_values(cur, "insert into t (id, name) values %s", rows)
            # now count them
            cur.execute("select count(*) from t")
            count = cur.fetchone()[0]
    return count


def search(name=None):
    query = "select id from t"
    params = []
    if name:
        query += " where name = %s"
        params.append(name)
    with closing(psycopg2.connect(DSN)) as conn:
        with conn.cursor() as cur:
            cur.execute(query, params)
            rows = cur.fetchall()
            n = cur.rowcount
    return rows, n


def first(id):
    with get_cursor() as cur:
        cur.execute("select * from t where id = %s", (id,))
        row = cur.fetchone()
        return row["name"] if row else None


def _touch(cur, id):
    cur.execute("update t set name = name || '!' where id = %s", (id,))
    return cur.rowcount


def touch(id):
    with get_cursor() as cur:
        return _touch(cur, id)


def transfer(source, target):
    with psycopg2.connect(DSN) as conn, conn.cursor() as cur:
        cur.execute("update t set name = name || '-' where id = %s", [source])
        if cur.rowcount != 1:
            raise LookupError(source)
        cur.execute("update t set name = name || '+' where id = %s", [target])
        if not cur.rowcount:
            raise LookupError(target)


def by_id():
    with get_cursor() as cur:
        cur.execute("select id, name from t order by id")
        found = {}
        for row in cur.fetchall():
            found[row["id"]] = row["name"]
        cur.execute("select max(id) as most from t")
        most = cur.fetchone()
    return found, most


def main():
    setup()
    results = [add(1, "anna", {"a": 1}), add(1, "x", {}), many([(2, "ada"), (3, "bo")])]
    results += [all_rows(), names("a"), search("bo"), search(), first(1), first(9)]
    results += [touch(2), first(2)]
    transfer(2, 3)
    try:
        transfer(2, 9)
    except LookupError as error:
        results.append(str(error))
    results.append(by_id())
    print(json.dumps(results))


if __name__ == "__main__":
    main()
