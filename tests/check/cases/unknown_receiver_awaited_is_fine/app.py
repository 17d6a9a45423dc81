import asyncio


async def ask(client):
    later = client.chat.completions.create(model="m")
    first = await client.chat.completions.create(model="m")
    return first, await later, await asyncio.wait_for(client.embeddings.create(), 3)
