import requests


def pages(urls):
    for url in urls:
        yield requests.get(url, timeout=1)


async def handler(urls):
    for page in pages(urls):  # expect: requests.get
        print(page)
