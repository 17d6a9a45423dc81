from repo.base import Repository


class User: ...


class Users(Repository[User]):
    model = User


class Service:
    def __init__(self, users: Users):
        self.users = users

    async def show(self, id: int):
        return self.users.get(id)  # expect: sqlalchemy.orm.Session.get
