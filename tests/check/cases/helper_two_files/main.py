from helpers import load_users


async def handler():
    return load_users()  # expect: sqlite3.connect
