from openai import OpenAI


class Moderation:
    client = OpenAI()

    @classmethod
    def flagged(cls, text: str) -> bool:
        return cls.client.moderations.create(input=text).results[0].flagged


async def on_text(update, context):
    if Moderation.flagged(update.message.text):  # expect: openai.OpenAI.moderations.create
        await update.message.delete()
