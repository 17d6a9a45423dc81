import bcrypt


def check(password, known):
    return bcrypt.checkpw(password, known)


async def login(password, known):
    return check(password, known)  # expect: bcrypt.checkpw
