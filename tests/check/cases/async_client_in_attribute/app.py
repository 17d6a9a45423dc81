from openai import AsyncOpenAI


class Bot:
    def __init__(self):
        self.client = AsyncOpenAI()

    async def answer(self, text):
        return await self.client.chat.completions.create(model="m", messages=[])
