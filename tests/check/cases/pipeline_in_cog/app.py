import logging

from discord.ext import commands
from transformers import pipeline

log = logging.getLogger(__name__)


class Chat(commands.Cog):
    def __init__(self, bot: commands.Bot):
        self.bot = bot
        self.generator = pipeline("text-generation", model="gpt2")

    def build_reply(self, text: str) -> str:
        out = self.generator(text, max_new_tokens=60)
        return out[0]["generated_text"]

    @commands.command()
    async def chat(self, ctx: commands.Context, *, text: str):
        async with ctx.typing():
            await ctx.send(self.build_reply(text))  # expect: transformers.pipeline()


async def setup(bot):
    await bot.add_cog(Chat(bot))  # expect: transformers.pipeline
