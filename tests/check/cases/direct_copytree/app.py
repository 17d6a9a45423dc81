import shutil


async def keep(a, b):
    shutil.copytree(a, b)  # expect: shutil.copytree
