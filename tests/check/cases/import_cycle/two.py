import one


def go():
    one.wait()
