from fastapi import APIRouter, Depends, Request
from sqlmodel import Session, select

from core.db import get_session
from core.models import Workspace

router = APIRouter(prefix="/slack")


@router.get("/oauth/callback")
async def oauth_callback(request: Request, session: Session = Depends(get_session)):
    code = request.query_params["code"]
    # expect: sqlmodel.Session.exec
    found = session.exec(select(Workspace).where(Workspace.code == code)).first()
    if found is None:
        found = Workspace(code=code)
        session.add(found)
    session.commit()  # expect: sqlmodel.Session.commit
    return {"ok": True}
