from . import d


def third():
    d.fourth()
