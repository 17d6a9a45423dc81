import lib


async def view(url):
    return lib.get(url)  # expect: requests.get
