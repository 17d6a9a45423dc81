from pymongo import MongoClient

client = MongoClient()
users = client["app"]["users"]


async def find(name):
    return users.find_one({"name": name})  # expect: pymongo.collection.Collection.find_one
