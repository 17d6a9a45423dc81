from fastapi import APIRouter, Depends
from fastapi.security import OAuth2PasswordRequestForm
from passlib.context import CryptContext

router = APIRouter()
pwd_context = CryptContext(schemes=["argon2"], deprecated="auto")


def authenticate(user, password):
    if not pwd_context.verify(password, user.hashed_password):
        return None
    return user


@router.post("/token")
async def token(form: OAuth2PasswordRequestForm = Depends()):
    user = await load(form.username)
    return authenticate(user, form.password)  # expect: passlib.context.CryptContext.verify


async def load(name): ...
