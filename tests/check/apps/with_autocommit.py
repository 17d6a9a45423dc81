"""A program whose connection commits after each statement."""

import json
import os

import psycopg2


class Store:
    def __init__(self):
        self.conn = psycopg2.connect(os.environ["DATABASE_URL"])
        self.conn.autocommit = True

    def setup(self):
        with self.conn.cursor() as cur:
            cur.execute("create table if not exists kept (id int primary key)")
            cur.execute("truncate kept")

    def add(self, *ids):
        cur = self.conn.cursor()
        try:
            for number in ids:
                cur.execute("insert into kept values (%s)", (number,))
        except psycopg2.IntegrityError:
            return False
        finally:
            cur.close()
        return True

    def vacuum(self):
        with self.conn.cursor() as cur:
            cur.execute("vacuum kept")

    def ids(self):
        with self.conn.cursor() as cur:
            cur.execute("select id from kept order by id")
            return [row[0] for row in cur.fetchall()]

    def close(self):
        self.conn.close()


def main():
    store = Store()
    store.setup()
    added = [store.add(1, 2), store.add(3, 2, 4)]
    store.vacuum()  # no transaction may surround it
    print(json.dumps([added, store.ids()]))
    store.close()


if __name__ == "__main__":
    main()
