from fastapi import APIRouter
from google.auth.transport import requests as google_requests
from google.oauth2 import id_token

router = APIRouter()


def _verify(token, client_id):
    info = id_token.verify_oauth2_token(token, google_requests.Request(), client_id)
    return info["email"]


@router.post("/auth/google")
async def google_login(body: dict):
    # expect: google.oauth2.id_token.verify_oauth2_token
    email = _verify(body["credential"], "x.apps.googleusercontent.com")
    return {"email": email}
