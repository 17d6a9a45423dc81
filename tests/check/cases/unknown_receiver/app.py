async def ask(client):
    return client.chat.completions.create(model="m")  # expect: client.chat.completions.create
