from telegram import Update
from telegram.ext import CallbackContext, CommandHandler

from . import database

db = database.Database("mongodb://localhost")


async def register_if_needed(update: Update, context: CallbackContext, user):
    # expect: pymongo.collection.Collection.count_documents
    if not db.check_if_user_exists(user.id):
        db.start_new_dialog(user.id)  # expect: pymongo.collection.Collection.insert_one


async def start(update: Update, context: CallbackContext):
    await register_if_needed(update, context, update.message.from_user)
    await update.message.reply_text("hello")
