async def ask():
    return input("name? ")  # expect: input
