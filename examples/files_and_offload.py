"""Files, images, arrays and computing: each off the event loop, each in its own way.

Run ``python examples/files_and_offload.py FOLDER``.
"""

import asyncio
import hashlib
import io
import math
import sys
from pathlib import Path

import numpy
from PIL import Image

from ai_catalyst.io import (
    AsyncLibraryWrapper,
    append_log_async,
    process_array_async,
    process_image_async,
    read_files_async,
    write_file_async,
)


async def main(folder):
    # Files: 64 to a thread hop; written whole or not at all.
    paths = [folder / f"{number}.txt" for number in range(100)]
    written = await asyncio.gather(*(write_file_async(path, b"hello") for path in paths))
    print(all(written), sum(len(data) for data in await read_files_async(paths)))
    await append_log_async(folder / "log.txt", "one line, whole")

    # An image may come from anybody: decoded in a process. An array is large: in a thread.
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(picture, "PNG")
    print(len(await process_image_async(picture.getvalue())) > 1000)
    print((await process_array_async(numpy.arange(12.0).reshape(3, 4))).shape)

    async with AsyncLibraryWrapper(max_workers=4) as wrapper:
        # Lets go of the interpreter: a thread will do. Pure Python that computes: a process.
        digest = await wrapper.sync_to_async(hashlib.sha256, b"x" * 2**20, usedforsecurity=False)
        print(digest.hexdigest()[:8])
        print(len(str(await wrapper.cpu_bound(math.factorial, 1000))))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
