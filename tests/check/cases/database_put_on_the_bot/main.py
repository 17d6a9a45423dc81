import sqlite3

from discord.ext import commands

bot = commands.Bot(command_prefix="!")
bot.db = sqlite3.connect("bot.db")
