"""Reading and writing, one model at a time."""

from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from library.database import Base

T = TypeVar("T", bound=Base)


class Repository(Generic[T]):
    """Rows of one model."""

    def __init__(self, session: Session, model: type[T]):
        self.session = session
        self.model = model

    def get(self, key: int) -> T | None:
        return self.session.get(self.model, key)

    def add(self, **values) -> T:
        row = self.model(**values)
        self.session.add(row)
        self.session.flush()
        return row

    def all(self) -> list[T]:
        return self.session.query(self.model).order_by(self.model.id).all()

    def count(self, **conditions) -> int:
        return self.session.query(self.model).filter_by(**conditions).count()

    def page(self, number: int, size: int = 10) -> list[T]:
        query = self.session.query(self.model).order_by(self.model.id)
        return query.offset((number - 1) * size).limit(size).all()

    def update(self, key: int, **values) -> bool:
        changed = self.session.query(self.model).filter(self.model.id == key).update(values)
        return changed == 1

    def delete(self, key: int) -> bool:
        row = self.get(key)
        if row is None:
            return False
        self.session.delete(row)
        self.session.flush()
        return True
