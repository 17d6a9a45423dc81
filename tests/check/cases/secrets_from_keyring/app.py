import keyring


class Credentials:
    service = "sync-tool"

    @property
    def token(self) -> str | None:
        return keyring.get_password(self.service, "token")


class Client:
    def __init__(self):
        self.credentials = Credentials()

    async def headers(self):
        return {"Authorization": f"Bearer {self.credentials.token}"}  # expect: keyring.get_password
