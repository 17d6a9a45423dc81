import importlib


def load_class(path):
    module_path, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module_path), name)


class StoreFactory:
    known = {"slow": "store.slow.SlowStore", "none": "store.slow.NoStore"}

    @classmethod
    def create(cls, name, config):
        if name not in cls.known:
            raise ValueError(name)
        instance = load_class(cls.known[name])
        return instance(**config)
