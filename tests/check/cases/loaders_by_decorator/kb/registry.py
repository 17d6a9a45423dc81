LOADERS = {}


def loader(*suffixes):
    def register(cls):
        for suffix in suffixes:
            LOADERS[suffix] = cls
        return cls

    return register
