import uuid
from datetime import datetime

import pymongo


class Database:
    def __init__(self, uri):
        self.client = pymongo.MongoClient(uri)
        self.db = self.client["chat_bot"]
        self.user_collection = self.db["user"]
        self.dialog_collection = self.db["dialog"]

    def check_if_user_exists(self, user_id: int):
        return self.user_collection.count_documents({"_id": user_id}) > 0

    def start_new_dialog(self, user_id):
        dialog = {"_id": str(uuid.uuid4()), "user": user_id, "at": datetime.now()}
        self.dialog_collection.insert_one(dialog)
        return dialog["_id"]
