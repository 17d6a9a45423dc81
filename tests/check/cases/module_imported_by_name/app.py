from importlib import import_module
from types import ModuleType


def lazy_import(name: str) -> ModuleType:
    return import_module(name)


boto3: ModuleType = lazy_import("boto3")
sessions = import_module("requests.sessions")


class Roles:
    def __init__(self):
        self._iam = boto3.client("iam")

    async def create(self, name):
        return self._iam.create_role(RoleName=name)  # expect: boto3.client().create_role
