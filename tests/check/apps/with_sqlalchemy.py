"""The ways in which programs use SQLAlchemy."""

import json

from sqlalchemy import Column, DateTime, ForeignKey, Integer, String, create_engine, event, func, select, text
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Session, aliased, declarative_base, joinedload, relationship, scoped_session, sessionmaker

DATABASE_URL = "sqlite:///shelf.db"
engine = create_engine(
    DATABASE_URL,
    connect_args={"check_same_thread": False},  # threads share it
)
Registry = scoped_session(sessionmaker(autocommit=False, autoflush=False, bind=engine))
Base = declarative_base()
begun = []


@event.listens_for(engine, "begin")
def note(connection):
    begun.append(1)


class Owner(Base):
    __tablename__ = "owners"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), unique=True)
    things = relationship("Thing", back_populates="owner", order_by="Thing.id")


class Thing(Base):
    __tablename__ = "things"
    id = Column(Integer, primary_key=True)
    label = Column(String(50))
    weight = Column(Integer, default=1)
    owner_id = Column(ForeignKey("owners.id"))
    changed = Column(DateTime, onupdate=func.now())
    owner = relationship(Owner, back_populates="things")


Base.metadata.create_all(bind=engine)


def fill():
    with Session(engine) as session, session.begin():
        session.add_all([Owner(id=1, name="ann"), Owner(id=2, name="bob"), Owner(id=3, name="cy")])
        session.bulk_save_objects(
            [Thing(label=label, weight=n, owner_id=n % 2 + 1) for n, label in enumerate("abcdef")]
        )


def asked():
    session = Registry()
    found = [
        session.query(Owner).count(),
        [owner.name for owner in session.query(Owner).order_by(Owner.name.desc())],
        [owner.name for owner in session.query(Owner).join(Owner.things).order_by(Owner.id).all()],
        [owner.name for owner in session.query(Owner).filter(Owner.id == Thing.owner_id).all()],
        session.query(Owner).join(Thing).count(),
        session.query(Owner).order_by(Owner.id).offset(1).limit(1).one().name,
        session.query(Owner).distinct().limit(2).count(),
        session.query(Owner.name).filter_by(id=3).scalar(),
        session.query(Owner.name).filter_by(id=9).scalar(),
        session.query(func.max(Thing.weight)).scalar(),
        session.query(Owner).get(2).name,
        session.query(Owner).options(joinedload(Owner.things)).filter(Owner.id == 1).first().name,
        [len(owner.things) for owner in session.query(Owner).options(joinedload(Owner.things))],
        [tuple(row) for row in session.query(Owner.id, func.count(Thing.id)).join(Thing).group_by(Owner.id)],
        [(owner.name, label) for owner, label in session.query(Owner, Thing.label).join(Thing).order_by(Thing.id)],
        session.query(session.query(Thing).filter(Thing.weight > 4).exists()).scalar(),
        len(session.query(Thing).slice(1, 3).all()),
        sorted(list(session.query(Thing.label).filter(Thing.owner_id.in_(session.query(Owner.id).filter_by(name="ann"))))) != [],
        session.query(Owner).union(session.query(Owner).filter_by(id=1)).count(),
    ]
    Registry.remove()
    return found


def raised():
    found = []
    with Session(engine) as session:
        try:
            session.query(Owner).filter_by(id=77).one()
        except NoResultFound:
            found.append("none")
        try:
            session.query(Owner).one_or_none()
        except MultipleResultsFound:
            found.append("many")
        session.add(Owner(name="ann"))
        try:
            session.commit()
        except IntegrityError:
            session.rollback()
            found.append("twice")
    return found


def narrowed(session: Session, least=None, label=None):
    query = session.query(Thing)
    if least is not None:
        query = query.filter(Thing.weight >= least)
    if label:
        # the exact one
        query = query.filter_by(label=label)
    return query.count(), [thing.label for thing in query.order_by(Thing.id).all()], query.first() is not None


def pairs(session: Session):
    other = aliased(Thing)
    rows = (
        session.query(Thing.label, other.label)
        .join(other, Thing.owner_id == other.owner_id)
        # each pair once
        .filter(Thing.id < other.id)
        .order_by(Thing.id, other.id)
        .all()
    )
    return [list(row) for row in rows]


def changed():
    session = Registry()
    try:
        heavy = session.query(Thing).filter(Thing.weight > 4).update({"weight": 50}, synchronize_session=False)
        session.query(Thing).filter(Thing.label == "a").delete()
        thing = session.get(Thing, 2)
        thing.label = "B"
        session.commit()
        session.refresh(thing)
        return [heavy, thing.label, thing.changed is not None, session.query(Thing).count()]
    finally:
        session.close()


def core():
    with engine.begin() as connection:
        connection.execute(text("insert into owners (id, name) values (:id, :name)"), {"id": 9, "name": "zoe"})
    with engine.connect() as connection:
        names = [name for (name,) in connection.execute(select(Owner.name).order_by(Owner.id))]
        return names, connection.execute(text("select count(*) from things")).scalar()


def main():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    fill()
    with Session(engine) as session:
        several = [narrowed(session), narrowed(session, 3), narrowed(session, label="e"), pairs(session)]
    print(json.dumps([asked(), raised(), several, changed(), core(), bool(begun)]))
    engine.dispose()


if __name__ == "__main__":
    main()
