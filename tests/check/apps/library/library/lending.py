"""Lend books, take them back, and look things up."""

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from library.database import SessionLocal, engine, session_scope
from library.models import Author, Book, Loan
from library.repository import Repository


class NotThere(LookupError):
    """Raised when a book or an author is not known."""


def add_author(db: Session, name: str) -> Author | None:
    """Add an author; None when the name is known already."""
    author = Author(name=name)
    db.add(author)
    try:
        db.commit()
    except IntegrityError:
        db.rollback()
        return None
    db.refresh(author)
    return author


def add_books(db: Session, author: str, titles: list[str]) -> int:
    found = db.query(Author).filter(Author.name == author).one_or_none()
    if found is None:
        raise NotThere(author)
    db.add_all([Book(title=title, author_id=found.id, pages=100) for title in titles])
    db.commit()
    return db.query(Book).filter_by(author_id=found.id).count()


def find_books(db: Session, word: str | None = None, limit: int = 20, author: str | None = None):
    query = db.query(Book).options(joinedload(Book.author))
    if word:
        # whatever way it is written
        query = query.filter(Book.title.ilike(f"%{word}%"))
    if author:
        query = query.join(Book.author).filter(Author.name == author)
    total = query.count()
    books = query.order_by(Book.title).limit(limit).all()
    return total, [f"{book.title} by {book.author.name}" for book in books]


def catalogue(db: Session) -> dict[str, list[str]]:
    authors = (
        db.query(Author)
        .options(selectinload(Author.books))
        # in the order of the shelves
        .order_by(Author.name)
        .all()
    )
    return {author.name: sorted(book.title for book in author.books) for author in authors}


def lend(db: Session, book_id: int, reader: str) -> int:
    book = db.query(Book).get(book_id)
    if book is None:
        raise NotThere(book_id)
    lent = db.query(Loan).filter(Loan.book_id == book.id, Loan.returned.is_(False)).first()
    if lent is not None:
        return 0
    loan = Loan(book_id=book.id, reader=reader)
    db.add(loan)
    db.commit()
    return loan.id


def take_back(db: Session, book_id: int) -> bool:
    return bool(
        db.query(Loan)
        .filter(Loan.book_id == book_id, Loan.returned.is_(False))
        .update({"returned": True}, synchronize_session=False)
    )


def is_lent(db: Session, book_id: int) -> bool:
    open_loans = db.query(Loan).filter(Loan.book_id == book_id, Loan.returned.is_(False))
    return db.query(open_loans.exists()).scalar()


def rename(book_id: int, title: str):
    """Give a book another title; return when it was changed."""
    with session_scope() as session:
        book = session.query(Book).filter(Book.id == book_id).one()
        book.title = title
        session.flush()
        return book.title, book.changed is not None


def pages_by_author(db: Session) -> dict[str, int]:
    rows = (
        db.query(Author.name, func.sum(Book.pages))
        .join(Book)
        .group_by(Author.name)
        .order_by(Author.name)
    )
    return {name: pages for name, pages in rows}


def without_books(db: Session) -> list[str]:
    written = db.query(Book.author_id).distinct()
    return [author.name for author in db.query(Author).filter(Author.id.not_in(written))]


def titles(db: Session, *ids: int) -> list[str]:
    return [title for (title,) in db.execute(select(Book.title).where(Book.id.in_(ids)))]


def longest(db: Session) -> str | None:
    return db.scalars(select(Book.title).order_by(Book.pages.desc(), Book.id)).first()


def forget_loans() -> int:
    """Remove the loans of books that are back."""
    with SessionLocal() as session, session.begin():
        return session.query(Loan).filter(Loan.returned).delete()


def sizes() -> dict[str, int]:
    found = {}
    with engine.connect() as connection:
        for table in ("authors", "books", "loans"):
            found[table] = connection.execute(text(f"select count(*) from {table}")).scalar_one()
    return found


def put_pages(pages: int) -> int:
    with engine.begin() as connection:
        return connection.execute(text("update books set pages = :n"), {"n": pages}).rowcount


def summary(db: Session) -> dict[str, object]:
    books = Repository(db, Book)
    first = books.page(1, size=1)
    return {"books": books.count(), "first": first[0].title if first else None}
