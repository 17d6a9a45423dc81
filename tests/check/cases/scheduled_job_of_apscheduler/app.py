import feedparser
from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Feeds:
    def __init__(self, urls):
        self.urls = urls
        self.items = []

    def _load(self, url):
        return feedparser.parse(url).entries

    async def refresh(self):
        for url in self.urls:
            self.items += self._load(url)  # expect: feedparser.parse


def start(urls):
    scheduler = AsyncIOScheduler()
    scheduler.add_job(Feeds(urls).refresh, "interval", minutes=5)
    scheduler.start()
