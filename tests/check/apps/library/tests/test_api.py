from library import lending


def test_authors(client):
    made = client.post("/authors", json={"name": "Ada"})
    assert made.status_code == 201
    assert client.post("/authors", json={"name": "Ada"}).status_code == 409
    assert client.get(f"/authors/{made.json()['id']}").json() == {"name": "Ada", "books": 0}
    assert client.get("/authors/99").status_code == 404


def test_books(client, session):
    lending.add_author(session, "Bo")
    lending.add_books(session, "Bo", ["Boats", "Rafts"])
    found = client.get("/books", params={"word": "boat"}).json()
    assert found == {"total": 1, "books": ["Boats by Bo"]}
    assert client.delete("/books/99").status_code == 404
