"""The less usual ways in which programs use psycopg2."""

import io
import json
import os

import psycopg2
import psycopg2.extras
from psycopg2.extras import execute_batch, execute_values

DSN = os.environ["DATABASE_URL"]


def setup():
    conn = psycopg2.connect(DSN)
    cur = conn.cursor()
    cur.execute("create table if not exists t (id int primary key, name text, n int)")
    cur.execute("truncate t")
    conn.commit()
    conn.close()


def loaded():
    conn = psycopg2.connect(DSN)
    with conn.cursor() as cur:
        cur.copy_from(io.StringIO("1\tann\t\\N\n2\tbob\t7\n"), "t", columns=("id", "name", "n"))
        # a table as others write it
        cur.copy_expert("COPY t (id, name, n) FROM STDIN WITH (FORMAT csv, HEADER)", io.BytesIO(b"id,name,n\n3,cy,1\n"))
    conn.commit()
    conn.close()


def unloaded():
    text, data = io.StringIO(), io.BytesIO()
    conn = psycopg2.connect(DSN)
    cur = conn.cursor()
    cur.copy_to(text, "t", sep=";", columns=("id", "name"))
    cur.copy_expert("copy t to stdout csv header", data)
    cur.close()
    conn.close()
    return sorted(text.getvalue().split()), sorted(data.getvalue().decode().split())


def many(rows):
    conn = psycopg2.connect(DSN)
    cur = conn.cursor()
    execute_values(cur, "insert into t (id, name, n) values %s", rows, template="(%s, upper(%s), 5)", page_size=50)
    execute_batch(cur, "update t set n = n + %s where id = %s", [(1, 10), (2, 11)], page_size=10)
    conn.commit()
    conn.close()


def streamed(least):
    conn = psycopg2.connect(DSN)
    cur = conn.cursor(name="all_rows")
    cur.itersize = 2
    cur.execute("select id, name from t where id >= %s order by id", (least,))
    found = []
    for row in cur:
        found.append(row[1])
    cur.close()
    conn.close()
    return found


def main():
    setup()
    loaded()
    many([(10, "di"), (11, "ed")])
    print(json.dumps([unloaded(), streamed(2)]))


if __name__ == "__main__":
    main()
