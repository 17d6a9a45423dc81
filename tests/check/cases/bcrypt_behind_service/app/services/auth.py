from app.services.password import hash_password, verify_password


class AuthService:
    def __init__(self, users):
        self.users = users

    async def login(self, email: str, password: str):
        user = await self.users.by_email(email)
        # expect: bcrypt.checkpw
        if user is None or not verify_password(password, user.password_hash):
            raise PermissionError("wrong e-mail or password")
        return user

    async def register(self, email, password):
        return await self.users.add(email, hash_password(password))  # expect: bcrypt.hashpw
