from pathlib import Path


async def load(folder: Path):
    return (folder / "a.json").read_text()  # expect: pathlib.Path.read_text
