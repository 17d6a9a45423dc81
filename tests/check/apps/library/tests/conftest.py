import pytest
from fastapi.testclient import TestClient

from library import lending
from library.api import app
from library.database import SessionLocal, create_tables, drop_tables, get_db


@pytest.fixture
def session():
    create_tables()
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
        drop_tables()


@pytest.fixture
def books(session):
    """Two authors, three books."""
    lending.add_author(session, "Ada")
    lending.add_author(session, "Bo")
    lending.add_books(session, "Ada", ["Engines", "Notes"])
    lending.add_books(session, "Bo", ["Boats"])
    return session


@pytest.fixture
def client(session):
    app.dependency_overrides[get_db] = lambda: session
    yield TestClient(app)
    app.dependency_overrides.clear()
