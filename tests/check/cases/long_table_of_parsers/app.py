import pandas


def plain(path):
    return path


TABLE = {
    "txt": plain,
    "md": plain,
    "rst": plain,
    "log": plain,
    "ini": plain,
    "xlsx": lambda path: pandas.read_excel(path),
}


async def parse(kind, path):
    return TABLE[kind](path)  # expect: pandas.read_excel
