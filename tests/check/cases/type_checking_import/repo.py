import psycopg2


class Repo:
    def __init__(self):
        self.connection = psycopg2.connect("")

    def rows(self):
        with self.connection.cursor() as cursor:
            return cursor.fetchall()
