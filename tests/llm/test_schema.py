"""What fits a schema, what is said when it does not, and what each wire is told of it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ai_catalyst.errors import UserError
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.schema import Schema, closed, is_strict, problem
from ai_catalyst.llm.testing import Behaviour, ModelServer

Provide = Callable[..., LLMProvider]


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Person(BaseModel):
    name: str = Field(min_length=1)
    age: int = Field(ge=0, le=150)
    mood: Mood = Mood.GOOD
    friends: list[Person] = []


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"name": "x", "age": 3, "tags": ["a", "b"]}, None),
        ({"name": "x", "age": 3.0}, None),
        ({}, "answer: name is missing"),
        ({"name": ""}, "answer.name: number of characters must be at least 1"),
        ({"name": "x", "age": "3"}, "answer.age: must be integer"),
        ({"name": "x", "age": True}, "answer.age: must be integer"),
        ({"name": "x", "age": 151}, "answer.age must be at most 150"),
        ({"name": "x", "tags": ["c"]}, "answer.tags[0]: must be one of ['a', 'b']"),
        ({"name": "x", "tags": ["a"] * 3}, "answer.tags: number of items must be at most 2"),
        ({"name": "x", "zip": 1}, "answer: has a property that the schema does not know"),
        ([], "answer: must be object"),
    ],
)
def test_a_value_is_held_against_a_schema(value: Any, wrong: str | None) -> None:
    assert problem(value, PERSON) == wrong


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None, 3),
        ({"oneOf": [{"minimum": 3}, {"maximum": 5}]}, 9, 4),
        ({"allOf": [{"minimum": 3}, {"maximum": 5}]}, 4, 9),
        ({"not": {"type": "string"}}, 1, "x"),
        ({"const": 5}, 5, 6),
        ({"type": ["string", "null"]}, None, 1),
        ({"pattern": "^a+$"}, "aa", "ab"),
        ({"multipleOf": 3}, 9, 10),
        ({"exclusiveMinimum": 3}, 4, 3),
        ({"exclusiveMaximum": 3}, 2, 3),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", "b"]),
        ({"$defs": {"a/b": {"type": "string"}}, "$ref": "#/$defs/a~1b"}, "x", 1),
        ({"additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": "x"}),
    ],
)
def test_keywords_mean_what_they_say(schema: dict[str, Any], good: Any, bad: Any) -> None:
    assert problem(good, schema) is None
    assert problem(bad, schema) is not None


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert problem({}, {"$ref": "#"}) == "answer: too deep"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "age", "mood", "friends"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_what_pydantic_takes_strictly_its_json_schema_takes_here(value: Any) -> None:
    adapter = TypeAdapter(Person)
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError:
        return
    assert problem(value, adapter.json_schema()) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "x", "age": 1}',
        '  {"name": "x", "age": 1}\n',
        '```json\n{"name": "x", "age": 1}\n```',
        'Here it is:\n```\n{"name": "x", "age": 1}\n```\nHope it helps.',
        'Sure! {"name": "x", "age": 1} Anything else?',
    ],
)
def test_json_is_found_in_an_answer(text: str) -> None:
    assert Schema(PERSON).read(text) == {"name": "x", "age": 1}
    assert Schema(Person).read(text) == Person(name="x", age=1)


def test_what_is_wrong_names_the_place_and_not_the_value() -> None:
    for schema in (Schema(PERSON), Schema(Person)):
        with pytest.raises(ValueError, match="age") as caught:
            schema.read('{"name": "Jane Roe", "age": 999}')
        assert "Jane" not in str(caught.value)
        with pytest.raises(ValueError, match="not JSON"):
            schema.read("no")


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(UserError):
        Schema(object())


@pytest.mark.parametrize("given", [object(), 3, ["a list"]])
async def test_a_call_with_no_schema_is_refused(
    provide: Provide, server: ModelServer, given: Any
) -> None:
    with pytest.raises(UserError):
        await provide(server.endpoint()).generate_async("who?", schema=given)
    assert server.count == 0


def test_strictness_wants_every_object_closed_and_complete() -> None:
    assert not is_strict(PERSON)
    assert is_strict({**PERSON, "required": ["name", "age", "tags"]})
    assert not is_strict({"type": "object"})


def test_a_closed_schema_has_no_bounds_and_keeps_properties_named_like_keywords() -> None:
    given = {
        "type": "object",
        "properties": {"maximum": {"type": "integer", "maximum": 3}, "o": {"type": "object"}},
    }
    assert closed(given) == {
        "type": "object",
        "properties": {
            "maximum": {"type": "integer"},
            "o": {"type": "object", "additionalProperties": False},
        },
        "additionalProperties": False,
    }


@pytest.mark.parametrize("wire", ["openai", "anthropic", "mistral"])
async def test_data_is_parsed_natively_on_every_wire(
    provide: Provide, server: ModelServer, wire: str
) -> None:
    server.default = Behaviour('{"name": "Ada", "age": 36}')
    llm = provide(server.endpoint(wire=wire))
    answer = await llm.generate_async("who?", schema=Person)
    assert answer.data == Person(name="Ada", age=36)
    assert (await llm.generate_async("who?", schema=PERSON)).data == {"name": "Ada", "age": 36}
    body = server.requests[0].body
    assert ("output_config" if wire == "anthropic" else "response_format") in body
    assert server.count == 2


async def test_an_answer_that_does_not_fit_is_repaired_once(
    provide: Provide, server: ModelServer
) -> None:
    server.script(Behaviour('{"name": "Ada", "age": 360}'), Behaviour('{"name": "Ada", "age": 36}'))
    answer = await provide(server.endpoint()).generate_async("who?", schema=PERSON)
    assert answer.data["age"] == 36
    told = server.requests[-1].body["messages"]
    assert told[-2] == {"role": "assistant", "content": '{"name": "Ada", "age": 360}'}
    assert "answer.age must be at most 150" in told[-1]["content"]
    assert [attempt.outcome for attempt in answer.attempts] == ["ok"]


async def test_an_endpoint_without_schemas_is_asked_in_words_from_then_on(
    provide: Provide, server: ModelServer
) -> None:
    server.script(
        Behaviour(status=400, body='{"error": {"message": "response_format json_schema unknown"}}')
    )
    server.default = Behaviour('{"name": "Ada"}')
    llm = provide(server.endpoint())
    for number in range(2):
        answer = await llm.generate_async(f"who {number}?", schema=PERSON)
        assert answer.data == {"name": "Ada"}
    assert server.count == 3
    for request in list(server.requests)[1:]:
        assert "response_format" not in request.body
        assert "JSON schema" in request.body["messages"][0]["content"]


async def test_the_next_endpoint_is_asked_when_one_cannot_fit_the_schema(
    provide: Provide, servers: Callable[..., ModelServer]
) -> None:
    wordy, exact = servers(Behaviour("no idea")), servers(Behaviour('{"name": "Ada"}'))
    llm = provide(wordy.endpoint("wordy"), exact.endpoint("exact", "network"))
    answer = await llm.generate_async("who?", schema=PERSON)
    assert [attempt.endpoint for attempt in answer.attempts] == ["wordy", "exact"]
    assert wordy.count == 2
