from sqlalchemy.orm import Session


async def users(db: Session):
    return db.query(object).filter().all()  # expect: sqlalchemy.orm.Query.all
