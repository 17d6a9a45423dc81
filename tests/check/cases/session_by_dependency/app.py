from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker

app = FastAPI()
engine = create_engine("sqlite://")
SessionLocal = sessionmaker(bind=engine)


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


@app.get("/users")
async def users(db=Depends(get_db)):
    return db.execute(select(1))  # expect: sqlalchemy.orm.Session.execute
