"""The ways in which programs use PyMySQL."""

import json
import os

import pymysql
from pymysql.cursors import DictCursor


def connect():
    return pymysql.connect(
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        database=os.environ["DB_NAME"],
    )


class Store:
    def __init__(self):
        self.connection = connect()

    def setup(self):
        with self.connection.cursor() as cursor:
            cursor.execute("create table if not exists t (id int primary key, name varchar(50))")
            cursor.execute("delete from t")
        self.connection.commit()

    def add(self, number, name):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("insert into t (id, name) values (%s, %s)", (number, name))
            self.connection.commit()
        except pymysql.err.IntegrityError:
            self.connection.rollback()
            return False
        return True

    def add_many(self, rows):
        cursor = self.connection.cursor()
        cursor.executemany("insert into t (id, name) values (%s, %s)", rows)
        self.connection.commit()
        return cursor.rowcount

    def rows(self):
        with self.connection.cursor(DictCursor) as cursor:
            cursor.execute("select * from t order by id")
            return cursor.fetchall()

    def names(self):
        with self.connection.cursor() as cursor:
            cursor.execute("select name from t where id > %(least)s order by id", {"least": 0})
            return [name for (name,) in cursor]

    def count(self):
        with self.connection.cursor() as cursor:
            cursor.execute("select count(*) from t")
            return cursor.fetchone()[0]

    def close(self):
        self.connection.close()


def main():
    store = Store()
    store.setup()
    results = [store.add(1, "ann"), store.add(1, "bob"), store.add_many([(2, "cy"), (3, "di")])]
    results += [store.rows(), store.names(), store.count()]
    store.close()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
