import aiohttp
import trafilatura
from bs4 import BeautifulSoup


class WebFetch:
    def __init__(self, timeout=20):
        self.timeout = aiohttp.ClientTimeout(total=timeout)

    async def __call__(self, url: str) -> str:
        async with aiohttp.ClientSession(timeout=self.timeout) as session, session.get(url) as resp:
            html = await resp.text()
        content = trafilatura.extract(html, include_links=True)  # expect: trafilatura.extract
        return content or self._fallback(html)  # expect: bs4.BeautifulSoup

    @staticmethod
    def _fallback(html):
        soup = BeautifulSoup(html, "html.parser")
        for tag in soup(["script", "style"]):
            tag.decompose()
        return soup.get_text("\n", strip=True)
