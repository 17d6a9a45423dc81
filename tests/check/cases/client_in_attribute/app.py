from openai import OpenAI


class Bot:
    def __init__(self):
        self.client = OpenAI()

    async def answer(self, text):
        return self.client.chat.completions.create(model="m", messages=[])  # expect: openai.OpenAI.chat.completions.create
