from shop.repository import UserRepository


class ValidateUserToken:
    def __init__(self, user_repository: UserRepository, tokens):
        self._user_repository = user_repository
        self._tokens = tokens

    async def execute(self, token: str):
        parsed = await self._tokens.parse(token)
        # expect: sqlalchemy.orm.Query.one_or_none
        user = self._user_repository.get_by_id(parsed.user_id)
        return user.email
