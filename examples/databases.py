"""Databases: one pool for the application, sessions for objects, the raw driver for hot paths.

Run ``python examples/databases.py [URL]``: PostgreSQL, MySQL or SQLite; in memory without one.
"""

import asyncio
import sys

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ai_catalyst.io import AsyncConnectionManager, open_repository


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "example_notes"
    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(sa.String(200))


async def main(url):
    async with AsyncConnectionManager({"database_url": url, "redis_url": None}) as manager:
        async with manager.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

        # Objects: a session a unit of work; readable after the commit, with no hidden query.
        async with manager.session() as session:
            note = Note(id=1, text="from a session")
            session.add(note)
            await session.commit()
            print(note.text)

        # Many rows by key: COPY, statements of many rows, or one commit for a group.
        notes = await open_repository(manager, Note.__table__)
        await notes.add_many(
            [{"id": number, "text": f"note {number}"} for number in range(2, 1000)]
        )
        print((await notes.get(500))["text"], await notes.count())

        # A transaction that is run again after a deadlock or a lost connection.
        async def shout(session):
            statement = sa.update(Note).where(Note.id == 1).values(text="FROM A TRANSACTION")
            await session.execute(statement)

        await manager.transaction(shout)
        print((await notes.get(1))["text"])

        # The driver itself, from the one pool.
        async with manager.connection() as raw:
            print(type(raw).__module__.partition(".")[0])

        async with manager.engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "sqlite://"))
