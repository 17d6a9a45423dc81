"""Sync SQLAlchemy becomes async SQLAlchemy, or stays with every reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_catalyst.check.migrate import Migration, migrate
from ai_catalyst.check.migrate.alchemy.engines import async_url
from ai_catalyst.check.migrate.placeholders import Untranslatable

HEAD = """from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship
from sqlalchemy.orm import selectinload, sessionmaker

engine = create_engine("postgresql://localhost/shop")
SessionLocal = sessionmaker(bind=engine)
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    posts = relationship("Post", back_populates="user")


class Post(Base):
    __tablename__ = "posts"
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"))
    user = relationship(User, back_populates="posts")


"""


def migration(folder: Path, source: str) -> Migration:
    (folder / "app.py").write_text(HEAD + source)
    done = migrate(folder)
    assert not done.problems
    return done


def migrated(folder: Path, source: str) -> str:
    """Return what a file becomes below the models."""
    done = migration(folder, source)
    assert not done.kept, done.kept
    return done.after["app.py"]


QUERIES = [
    ("db.query(User).all()", "(await db.execute(select(User))).scalars().all()"),
    (
        "db.query(User).filter(User.id == 1).first()",
        "(await db.execute(select(User).where(User.id == 1).limit(1))).scalars().first()",
    ),
    (
        "db.query(User).filter_by(name='a').one_or_none()",
        "(await db.execute(select(User).filter_by(name='a'))).scalars().one_or_none()",
    ),
    (
        "db.query(User).join(User.posts).all()",
        "(await db.execute(select(User).join(User.posts))).scalars().unique().all()",
    ),
    (
        "db.query(User).options(joinedload(User.posts)).one()",
        "(await db.execute(select(User).options(joinedload(User.posts)))).scalars().unique().one()",
    ),
    (
        "db.query(User).options(selectinload(User.posts)).one()",
        "(await db.execute(select(User).options(selectinload(User.posts)))).scalars().one()",
    ),
    ("db.query(User.id, User.name).all()", "(await db.execute(select(User.id, User.name))).all()"),
    (
        "db.query(func.max(User.id)).scalar()",
        "(await db.execute(select(func.max(User.id)))).scalar_one_or_none()",
    ),
    ("db.query(User).get(3)", "await db.get(User, 3)"),
    ("db.query(User).get(3).name", "(await db.get(User, 3)).name"),
    (
        "db.query(User).filter(User.id > 1).count()",
        "await db.scalar(select(func.count()).select_from(User).where(User.id > 1))",
    ),
    (
        "db.query(User).limit(2).count()",
        "await db.scalar(select(func.count()).select_from(select(User).limit(2).subquery()))",
    ),
    (
        "db.query(User).filter(User.id == 1).delete()",
        "(await db.execute(delete(User).where(User.id == 1))).rowcount",
    ),
    (
        "db.query(User).filter(User.id == 1).update({'name': 'b'})",
        "(await db.execute(update(User).where(User.id == 1).values({'name': 'b'}))).rowcount",
    ),
    (
        "db.query(db.query(User).filter_by(id=1).exists()).scalar()",
        "(await db.execute(select(select(User).filter_by(id=1).exists()))).scalar_one_or_none()",
    ),
    (
        "[u.name for u in db.query(User)]",
        "[u.name for u in (await db.execute(select(User))).scalars().all()]",
    ),
    (
        "db.query(User).union(db.query(User)).all()",
        "await db.run_sync(lambda db: db.query(User).union(db.query(User)).all())",
    ),
    ("db.scalars(select(User)).all()", "(await db.scalars(select(User))).all()"),
    ("db.execute(text('select 1')).fetchall()", "(await db.execute(text('select 1'))).fetchall()"),
    ("db.merge(User())", "await db.merge(User())"),
]


@pytest.mark.parametrize(("before", "after"), QUERIES, ids=[before for before, _ in QUERIES])
def test_a_query_is_a_select_that_is_awaited(before: str, after: str, tmp_path: Path) -> None:
    new = migrated(tmp_path, f"def f(db: Session):\n    return {before}\n")
    assert f"async def f(db: AsyncSession):\n    return {after}\n" in new


def test_engine_factory_and_session_have_their_async_names(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "def f():\n    with SessionLocal() as db:\n        db.add(User())\n        db.commit()\n",
    )
    assert 'engine = create_async_engine("postgresql+asyncpg://localhost/shop")' in new
    assert "SessionLocal = async_sessionmaker(bind=engine, expire_on_commit=False)" in new
    assert "    async with SessionLocal() as db:\n        db.add(User())\n" in new
    assert "        await db.commit()\n" in new
    assert "sessionmaker, " not in new.partition("from sqlalchemy.ext")[0]


DEPENDENCY = """from fastapi import Depends, FastAPI

app = FastAPI()


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


@app.get('/')
def home(db: Session = Depends(get_db)):
    return db.get(User, 1).name
"""


def test_a_dependency_becomes_an_async_generator(tmp_path: Path) -> None:
    new = migrated(tmp_path, DEPENDENCY)
    assert "async def get_db():" in new
    assert "        await db.close()" in new
    assert "async def home(db: AsyncSession = Depends(get_db)):" in new


def test_lines_and_comments_of_a_chain_stay(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "def f(db: Session):\n    users = (\n        db.query(User)\n        # not the first\n"
        "        .filter(User.id > 1)  # ever\n        .all()\n    )\n    return users\n",
    )
    assert (
        "    users = (\n        await db.execute(\n            select(User)\n"
        "            # not the first\n            .where(User.id > 1)  # ever\n        )\n"
        "    ).scalars().all()\n"
    ) in new


def test_tables_are_made_on_a_connection(tmp_path: Path) -> None:
    new = migrated(tmp_path, "def setup():\n    Base.metadata.create_all(bind=engine)\n")
    assert (
        "    async with engine.begin() as connection:\n"
        "        await connection.run_sync(Base.metadata.create_all)\n"
    ) in new


def test_a_name_that_is_taken_is_written_in_full(tmp_path: Path) -> None:
    new = migrated(
        tmp_path, "def delete(db: Session):\n    db.query(User).filter(User.id == 1).delete()\n"
    )
    assert "await db.execute(sqlalchemy.delete(User).where(User.id == 1))" in new
    assert "import sqlalchemy\n" in new


def test_a_file_keeps_its_own_name_for_the_library(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "import sqlalchemy as sa\n\n\ndef f(db: Session, q):\n    found = db.query(User)\n"
        "    found = found.filter(User.id == q) if q else found\n    return found.first()\n",
    )
    assert (
        "    found = select(User)\n    found = found.where(User.id == q) if q else found\n" in new
    )
    assert "import sa\n" not in new


LAZY = "def f(db: Session):\n    return db.query(User).first().posts\n"
SCHEMA = """from pydantic import BaseModel


class UserOut(BaseModel):
    posts: list
    model_config = {"from_attributes": True}


def f(db: Session):
    return db.query(User).first()
"""
PROPERTY = """class A:
    @property
    def x(self):
        with SessionLocal() as db:
            return db.query(User).count()
"""
LOOPS = """def f():
    with SessionLocal() as db:
        return db.query(User).count()


if __name__ == "__main__":
    f()
    f()
"""
DYNAMIC = """class Tag(Base):
    __tablename__ = "tags"
    id = Column(Integer, primary_key=True)
    users = relationship(User, lazy="dynamic")


def f(db: Session):
    db.commit()
"""
STAYS = [
    (LOOPS, "a second loop"),
    (DYNAMIC, "a dynamic relationship"),
    (LAZY, "selectinload(User.posts)"),
    (SCHEMA, "UserOut.posts"),
    ("def f(db: Session):\n    return db.query(User)\n", "handed around"),
    ("def f(db: Session):\n    db.expire_all()\n", "refresh"),
    ("def f(db: Session):\n    for u in db.query(User).yield_per(9):\n        print(u)\n", "yield"),
    (
        "def f(db: Session, ids):\n    return sum(db.get(User, i).id for i in ids)\n",
        "generator expression",
    ),
    ("import pandas\n\n\ndef f(s):\n    return pandas.read_sql(s, engine)\n", "handed to pandas"),
    (
        "def f(db: Session):\n    return db.query(User).all()\n\n\ndef g(db):\n    db.commit()\n",
        "annotate it",
    ),
    (PROPERTY, "a property"),
]


@pytest.mark.parametrize(("source", "reason"), STAYS, ids=[reason for _, reason in STAYS])
def test_what_is_not_safe_keeps_all_sessions_and_says_why(
    source: str, reason: str, tmp_path: Path
) -> None:
    done = migration(tmp_path, source)
    assert not done.after
    assert [why for *_, what, why in done.kept if what == "sqlalchemy" and reason in why], done.kept


def test_every_lazy_read_is_listed_at_once(tmp_path: Path) -> None:
    done = migration(tmp_path, LAZY + "\n\ndef g(user: User):\n    return len(user.posts)\n")
    assert [line - HEAD.count("\n") for _, line, *_ in done.kept] == [2, 6]


def test_what_the_model_loads_at_once_is_not_lazy(tmp_path: Path) -> None:
    eager = HEAD.replace('back_populates="user"', 'back_populates="user", lazy="selectin"')
    (tmp_path / "app.py").write_text(eager + LAZY)
    assert not migrate(tmp_path).kept


def test_what_a_loader_brings_is_not_lazy(tmp_path: Path) -> None:
    source = (
        "def f(db: Session):\n    users = db.query(User).options(selectinload(User.posts)).all()\n"
        "    return [post.id for user in users for post in user.posts]\n"
    )
    assert "await db.execute" in migrated(tmp_path, source)


URLS = [
    ("'postgresql://u@h/d'", "'postgresql+asyncpg://u@h/d'"),
    ("'postgresql+psycopg2://u@h/d?sslmode=require'", "'postgresql+asyncpg://u@h/d?ssl=require'"),
    ("'mysql+pymysql://u@h/d?charset=utf8mb4'", "'mysql+aiomysql://u@h/d?charset=utf8mb4'"),
    ('"sqlite:///x.db"', '"sqlite+aiosqlite:///x.db"'),
]


@pytest.mark.parametrize(("before", "after"), URLS)
def test_a_literal_url_gets_the_async_driver(before: str, after: str) -> None:
    assert async_url(before) == after


@pytest.mark.parametrize(
    "url", ["'oracle://h/d'", "'postgresql://h/d?options=-csearch_path'", "''"]
)
def test_a_url_without_an_async_driver_is_refused(url: str) -> None:
    with pytest.raises(Untranslatable):
        async_url(url)
