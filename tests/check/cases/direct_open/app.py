async def read(path):
    with open(path) as file:  # expect: open
        return file.read()
