import sqlite3


def load_users():
    connection = sqlite3.connect("users.db")
    return connection
