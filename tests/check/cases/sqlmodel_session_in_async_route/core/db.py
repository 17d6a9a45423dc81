from collections.abc import Generator

from sqlmodel import Session, create_engine

engine = create_engine("postgresql+psycopg2://localhost/app", pool_pre_ping=True)


def get_session() -> Generator[Session, None, None]:
    with Session(engine) as session:
        yield session
