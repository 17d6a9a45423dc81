"""Claims about the fields somebody asks for."""

from __future__ import annotations

import datetime as dt
import enum
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, StringConstraints
from pydantic import Field as Described

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.schema import Field, Schema
from ai_catalyst.pdf.vocabulary import TYPES, VOCABULARY


class Kind(enum.Enum):
    GOODS = "goods"
    WORK = "work"


class Line(BaseModel):
    description: str
    quantity: float


class Bill(BaseModel):
    invoice_number: str
    date: dt.date
    total: Decimal | None = Described(None, description="what is to be paid")
    pages: int = 1
    paid: bool = False
    kind: Kind = Kind.GOODS
    tone: Literal["kind", "stern"] = "kind"
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "ABC"
    remarks: list[str] = []
    lines: list[Line] = []
    account: str = Described("", json_schema_extra={"type": "iban", "labels": ["pay into"]})


def test_a_bare_name_knows_its_type() -> None:
    schema = Schema.of(["invoice_number", "Due Date", "amount", "supplier", "shoe size"])
    assert [field.type for field in schema.fields] == [
        "identifier",
        "date",
        "amount",
        "text",
        "text",
    ]
    assert [field.concept for field in schema.fields] == [
        "invoice_number",
        "due_date",
        "total",
        "issuer",
        None,
    ]


def test_every_usual_field_has_a_known_type_and_one_meaning() -> None:
    names = [name for concept, (_, rest) in VOCABULARY.items() for name in (concept, *rest.split())]
    assert len(names) == len(set(names))
    assert {kind for kind, _ in VOCABULARY.values()} <= set(TYPES)


def test_names_between_commas_are_fields() -> None:
    assert Schema.of("total, date").names == ("total", "date")


def test_a_yaml_file_of_every_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fields.yaml"
    path.write_text(
        """
fields:
  - invoice_number
  - total: amount
  - name: ticket
    type: identifier
    description: the number on the stub
    pattern: 'Ticket (\\d+)'
    required: true
    labels: [Stub, Coupon]
  - name: rows
    fields: {what: text, price: amount}
""",
        "utf-8",
    )
    schema = Schema.of(str(path))
    assert schema.names == ("invoice_number", "total", "ticket", "rows")
    ticket = schema["ticket"]
    assert (ticket.pattern, ticket.required, ticket.labels) == (
        r"Ticket (\d+)",
        True,
        ("Stub", "Coupon"),
    )
    assert [field.type for field in schema["rows"].fields] == ["text", "amount"]


def test_a_mapping_gives_types_or_options() -> None:
    schema = Schema.of({"seen": "date", "tags": {"many": True}, "note": None})
    assert [(field.type, field.many) for field in schema.fields] == [
        ("date", False),
        ("text", True),
        ("text", False),
    ]


def test_a_pydantic_model_gives_its_fields() -> None:
    schema = Schema.of(Bill)
    assert {field.name: field.type for field in schema.fields} == {
        "invoice_number": "identifier",
        "date": "date",
        "total": "amount",
        "pages": "integer",
        "paid": "boolean",
        "kind": "text",
        "tone": "text",
        "code": "identifier",
        "remarks": "text",
        "lines": "items",
        "account": "iban",
    }
    assert schema["invoice_number"].required
    assert not schema["total"].required
    assert schema["total"].description == "what is to be paid"
    assert schema["kind"].choices == ("goods", "work")
    assert schema["tone"].choices == ("kind", "stern")
    assert schema["code"].pattern == r"^[A-Z]{3}$"
    assert schema["remarks"].many
    assert [field.name for field in schema["lines"].fields] == ["description", "quantity"]
    assert schema["account"].labels == ("pay into",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "no fields"),
        (7, "not int"),
        ([7], "not int"),
        ([{"type": "date", "many": True}], "without a name"),
        (["a", "a"], "'a' is named twice"),
        ({"x": "amout"}, "did you mean 'amount'"),
        ({"x": "colour"}, "allowed: text, identifier"),
        ([{"name": "x", "lables": ["y"]}], "unknown key 'lables'; did you mean 'labels'"),
        ([{"name": "x", "pattern": "(a"}], "broken pattern '(a'"),
        ([{"name": "x", "pattern": 7}], "pattern is a text"),
        ([{"name": "x", "required": "yes"}], "required is true or false"),
        ([{"name": "x", "labels": [1]}], "labels is a list of texts"),
        ([{"name": "x", "type": "date", "fields": ["y"]}], "only a field of type 'items'"),
        ([{"name": "x", "fields": [{"name": "y", "fields": ["z"]}]}], "cannot be of type 'items'"),
        ({"fields": ["x"], "colour": 1}, "unknown key 'colour'"),
        ([f"f{n}" for n in range(501)], "500 are taken at most"),
        (int, "no pydantic model"),
    ],
)
def test_what_cannot_be_a_field_is_named(given: object, said: str) -> None:
    with pytest.raises(UserError) as caught:
        Schema.of(given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.yaml", None, "No such file"),
        ("bad.yaml", b"fields: [a\nb: {", "line"),
        ("latin.yaml", b"\xff\xfe\xfa", "not UTF-8"),
        ("typo.yaml", b"fields:\n  - name: x\n    type: dat", "field 'x': unknown type 'dat'"),
        ("huge.yaml", b"#" * (2**20 + 1), "larger than"),
        ("deep.yaml", b"[" * 1_500, "deep.yaml"),
    ],
)
def test_a_bad_field_file_is_named(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Schema.of(path)
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_a_model_with_a_type_of_no_place_is_named() -> None:
    class Odd(BaseModel):
        when: bytes

    with pytest.raises(UserError, match="Odd, field 'when': type bytes"):
        Schema.of(Odd)


def test_the_digest_tells_every_option_apart() -> None:
    base = {"name": "x", "type": "text"}
    changes = [
        base,
        {**base, "name": "y"},
        {**base, "type": "date"},
        {**base, "description": "d"},
        {**base, "pattern": "p"},
        {**base, "required": True},
        {**base, "many": True},
        {**base, "labels": ["l"]},
        {**base, "choices": ["c"]},
        {"name": "x", "fields": ["z"]},
    ]
    assert len({Schema.of([change]).digest() for change in changes}) == len(changes)
    assert Schema.of([base]).digest() == Schema.of([base]).digest()


def test_the_json_schema_is_closed_and_takes_null() -> None:
    schema = Schema.of(["total", {"name": "tags", "many": True}, "items"]).json_schema()
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["total", "tags", "items"]
    total, tags = schema["properties"]["total"], schema["properties"]["tags"]
    assert total == {"anyOf": [{"type": "number"}, {"type": "null"}]}
    assert tags["anyOf"][0] == {"type": "array", "items": {"type": "string"}}


def test_required_fields_without_a_value_are_missing() -> None:
    schema = Schema.of([{"name": "a", "required": True}, {"name": "b", "required": True}, "c"])
    assert schema.missing({"a": 0, "b": None}) == ["b"]
    assert schema.missing({}) == ["a", "b"]


def test_a_schema_is_its_own_schema_and_survives_pickling() -> None:
    schema = Schema.of(["total", Field("x", pattern="a+")])
    assert Schema.of(schema) is schema
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert schema.only(["x"]).names == ("x",)
