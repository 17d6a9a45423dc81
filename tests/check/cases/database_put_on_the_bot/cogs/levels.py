from discord.ext import commands


class Levels(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_message(self, message):
        cursor = self.bot.db.cursor()
        # expect: sqlite3.Cursor.execute
        cursor.execute("SELECT xp FROM levels WHERE id = ?", (message.author.id,))
