import pytest

from library import lending
from library.models import Author, Book, Loan
from library.repository import Repository


def test_a_name_is_taken_once(session):
    assert lending.add_author(session, "Ada").name == "Ada"
    assert lending.add_author(session, "Ada") is None
    assert session.query(Author).count() == 1


def test_books_need_an_author(session):
    with pytest.raises(lending.NotThere):
        lending.add_books(session, "Nobody", ["x"])


def test_books_are_found(books):
    assert lending.find_books(books, "E") == (2, ["Engines by Ada", "Notes by Ada"])
    assert lending.find_books(books, limit=1) == (3, ["Boats by Bo"])
    assert lending.find_books(books, author="Bo") == (1, ["Boats by Bo"])


def test_the_catalogue(books):
    assert lending.catalogue(books) == {"Ada": ["Engines", "Notes"], "Bo": ["Boats"]}


def test_a_book_is_lent_once(books):
    book = books.query(Book).filter_by(title="Notes").one()
    loan = lending.lend(books, book.id, "Cy")
    assert loan
    assert lending.lend(books, book.id, "Di") == 0
    assert lending.is_lent(books, book.id)
    assert lending.take_back(books, book.id)
    assert not lending.is_lent(books, book.id)
    books.commit()
    assert lending.forget_loans() == 1
    assert books.query(Loan).all() == []


def test_an_unknown_book(books):
    with pytest.raises(lending.NotThere):
        lending.lend(books, 99, "Cy")


def test_a_title_changes(books):
    book = books.query(Book).order_by(Book.id).first()
    assert lending.rename(book.id, "Machines") == ("Machines", True)
    books.refresh(book)
    assert book.title == "Machines"


def test_numbers(books):
    assert lending.pages_by_author(books) == {"Ada": 200, "Bo": 100}
    assert lending.without_books(books) == []
    assert lending.sizes() == {"authors": 2, "books": 3, "loans": 0}
    assert lending.put_pages(7) == 3
    assert lending.pages_by_author(books) == {"Ada": 14, "Bo": 7}


def test_rows(books):
    ids = [book.id for book in books.query(Book)]
    assert len(ids) == 3
    assert sorted(lending.titles(books, *ids)) == ["Boats", "Engines", "Notes"]
    assert lending.longest(books) == "Engines"
    assert lending.summary(books) == {"books": 3, "first": "Engines"}


class TestRepository:
    def test_round_trip(self, books):
        authors = Repository(books, Author)
        cy = authors.add(name="Cy")
        assert authors.get(cy.id) is cy
        assert authors.update(cy.id, name="Di")
        assert [author.name for author in authors.all()][:2] == ["Ada", "Bo"]
        assert authors.delete(cy.id)
        assert not authors.delete(cy.id)
        assert authors.count() == 2
