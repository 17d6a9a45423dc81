from .c import third


def second():
    third()
