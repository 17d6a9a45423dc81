"""An answer that fits a schema: asked for natively, in words where that fails, repaired once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.errors import EndpointError
from ai_catalyst.llm.faults import SchemaUnsupported

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ai_catalyst.llm.call import Answer, Call
    from ai_catalyst.llm.route import Route
    from ai_catalyst.llm.schema import Schema
    from ai_catalyst.privacy.vault import Vault

__all__ = ["fitting"]

IN_WORDS = "Answer with one JSON value that fits this JSON schema, and nothing else:\n{schema}"
REPAIR = (
    "That does not fit the schema ({wrong}). Answer again with one JSON value that fits it,"
    " and nothing else."
)


async def fitting(
    route: Route,
    call: Call,
    schema: Schema,
    vault: Vault | None,
    ask: Callable[[Call], Awaitable[Answer]],
) -> tuple[Answer, str, Any]:
    """Return an answer with its restored text and its data.

    ``ask`` asks the endpoint. Raises `EndpointError` when the second answer does not fit either.
    """
    answer = await _asked(route, call, ask)
    text, data, wrong = _read(answer, schema, vault)
    if wrong:
        messages = [
            *call.messages,
            {"role": "assistant", "content": answer.text},
            {"role": "user", "content": REPAIR.format(wrong=wrong)},
        ]
        again = msgspec.structs.replace(call, messages=messages)
        answer = await _asked(route, again, ask)
        text, data, wrong = _read(answer, schema, vault)
    if wrong:
        name = route.name
        raise EndpointError(f"{name}: its answer does not fit the schema", endpoint=name)
    return answer, text, data


async def _asked(route: Route, call: Call, ask: Callable[[Call], Awaitable[Answer]]) -> Answer:
    if route.lane.native_schema:
        try:
            return await ask(call)
        except SchemaUnsupported:
            route.lane.native_schema = False
    wish = IN_WORDS.format(schema=msgspec.json.encode(call.schema).decode())
    system = f"{call.system}\n\n{wish}" if call.system else wish
    return await ask(msgspec.structs.replace(call, system=system, schema=None))


def _read(answer: Answer, schema: Schema, vault: Vault | None) -> tuple[str, Any, str]:
    """Return restored text, data, and what is wrong in words that may go back to the endpoint."""
    text = answer.text if vault is None else vault.restore_json(answer.text)
    try:
        return text, schema.read(text), ""
    except ValueError as wrong:
        if vault is None:
            return text, None, str(wrong)
    try:  # the restored answer's faults may name people: say what is wrong with the other one
        schema.read(answer.text)
    except ValueError as wrong:
        return text, None, str(wrong)
    return text, None, "a value is not as it should be"
