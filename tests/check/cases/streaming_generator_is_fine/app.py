from fastapi.responses import StreamingResponse


def chunks(path):
    with open(path, "rb") as file:
        yield file.read(100)


async def download(path):
    return StreamingResponse(chunks(path))
