"""A small shop over HTTP, with a database of its own for the client that tries it."""

import json

from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]
    lines: Mapped[list["Line"]] = relationship(lazy="selectin", order_by="Line.id")


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    article: Mapped[str]


class LineOut(BaseModel):
    model_config = {"from_attributes": True}
    article: str


class OrderOut(BaseModel):
    model_config = {"from_attributes": True}
    customer: str
    lines: list[LineOut]


engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Factory = sessionmaker(engine)
Base.metadata.create_all(engine)
app = FastAPI()


def database():
    with Factory() as session:
        yield session


@app.post("/orders/{customer}", response_model=OrderOut)
def order(customer: str, articles: list[str], db: Session = Depends(database)):
    made = Order(customer=customer)
    db.add(made)
    db.flush()
    db.add_all(Line(order_id=made.id, article=article) for article in articles)
    db.commit()
    db.refresh(made)
    return made


@app.get("/orders", response_model=list[OrderOut])
def orders(article: str | None = None, db: Session = Depends(database)):
    query = db.query(Order).order_by(Order.id)
    if article is not None:
        query = query.join(Line).filter(Line.article == article)
    return query.all()


@app.delete("/orders/{key}")
def cancel(key: int, db: Session = Depends(database)):
    found = db.get(Order, key)
    if found is None:
        raise HTTPException(404)
    db.query(Line).filter(Line.order_id == key).delete()
    db.delete(found)
    db.commit()
    return {"left": db.query(Order).count()}


def main():
    client = TestClient(app)
    said = [
        client.post("/orders/ann", json=["pen", "ink", "pen"]).json(),
        client.post("/orders/bob", json=["cup"]).json(),
        client.get("/orders").json(),
        client.get("/orders", params={"article": "pen"}).json(),
        client.delete("/orders/9").status_code,
        client.delete("/orders/1").json(),
    ]
    print(json.dumps(said))


if __name__ == "__main__":
    main()
