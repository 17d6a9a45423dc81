from typing import Optional

import jwt
from fastapi import Depends, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes


class VerifyToken:
    def __init__(self, domain: str, audience: str):
        self.audience = audience
        self.jwks_client = jwt.PyJWKClient(f"https://{domain}/.well-known/jwks.json")

    async def verify(
        self,
        security_scopes: SecurityScopes,
        token: Optional[HTTPAuthorizationCredentials] = Depends(HTTPBearer()),
    ):
        if token is None:
            raise HTTPException(401)
        try:
            # expect: jwt.PyJWKClient.get_signing_key_from_jwt
            key = self.jwks_client.get_signing_key_from_jwt(token.credentials).key
        except jwt.exceptions.PyJWKClientError as error:
            raise HTTPException(401) from error
        return jwt.decode(token.credentials, key, algorithms=["RS256"], audience=self.audience)
