"""The library over HTTP."""

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.orm import Session

from library import lending
from library.database import get_db
from library.models import Author, Book

app = FastAPI()


class NewAuthor(BaseModel):
    name: str


@app.post("/authors", status_code=201)
def create_author(body: NewAuthor, db: Session = Depends(get_db)):
    author = lending.add_author(db, body.name)
    if author is None:
        raise HTTPException(status_code=409, detail="known already")
    return {"id": author.id, "name": author.name}


@app.get("/authors/{author_id}")
def read_author(author_id: int, db: Session = Depends(get_db)):
    author = db.query(Author).filter(Author.id == author_id).first()
    if author is None:
        raise HTTPException(status_code=404, detail="no such author")
    return {"name": author.name, "books": db.query(Book).filter_by(author_id=author.id).count()}


@app.get("/books")
def read_books(word: str = "", db: Session = Depends(get_db)):
    total, books = lending.find_books(db, word)
    return {"total": total, "books": books}


@app.delete("/books/{book_id}")
def delete_book(book_id: int, db: Session = Depends(get_db)):
    book = db.get(Book, book_id)
    if book is None:
        raise HTTPException(status_code=404, detail="no such book")
    db.delete(book)
    db.commit()
    return {"deleted": book_id}
