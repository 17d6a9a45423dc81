from pkg.b import second


async def first():
    second()  # expect: time.sleep
