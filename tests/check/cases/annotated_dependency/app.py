from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session


def get_db() -> Session:
    return Session()


Db = Annotated[Session, Depends(get_db)]


async def users(db: Db):
    db.commit()  # expect: sqlalchemy.orm.Session.commit
