from store.factory import StoreFactory


class Memory:
    def __init__(self, config):
        self.store = StoreFactory.create(config["name"], config)

    async def find(self, text):
        return self.store.search(text)  # expect: requests.get
