from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

T = TypeVar("T")


class Repository(Generic[T]):
    model: type[T]

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, id: int) -> T | None:
        return self._session.get(self.model, id)

    def list(self) -> list[T]:
        return list(self._session.scalars(select(self.model)))
