from bot.http import IssueClient


class Commands:
    def __init__(self, config):
        self.issues = IssueClient(config.url, config.token)
        self.handlers = {"search": self.on_search, "comment": self.on_comment}

    async def dispatch(self, name, *args):
        await self.handlers[name](*args)

    async def on_search(self, room, text):
        for hit in self.issues.search(text):  # expect: requests.Session.request
            await room.send(hit["title"])

    async def on_comment(self, room, issue, body):
        self.issues.comment(issue, body)  # expect: requests.Session.request
        await room.send("done")
