"""The privacy gate: raw text goes to private endpoints only, everything else sees pseudonyms.

It fails closed: what cannot be pseudonymised is not sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ai_catalyst.errors import PrivacyError, UserError

if TYPE_CHECKING:
    from ai_catalyst.llm.call import Call, Message
    from ai_catalyst.privacy.scrubber import Scrubber
    from ai_catalyst.privacy.vault import Vault

__all__ = ["Gate", "Sealed"]

Hide = Callable[[str], str]

OFF_LOOP = 16 * 2**10
"""Characters from which on looking for personal data would hold up the event loop.

The first look always happens off the loop: it loads the recognisers.
"""


NOTE = "Tokens such as <NAME_1> stand for values that are kept from you: repeat them exactly."
"""What a model is told when there are pseudonyms in a call."""


class Sealed(msgspec.Struct):
    """A call fit for anybody's eyes, the vault that restores its answer, and what was replaced."""

    call: Call
    vault: Vault
    findings: dict[str, int]


class Gate:
    """Makes a call fit for endpoints that are not private.

    ``privacy`` is ``auto``, or ``off`` when a person has decided so by name. Raises `PrivacyError`
    when something cannot be pseudonymised: an image, a sound, a failure of the recognisers.
    """

    def __init__(
        self, privacy: Literal["auto", "off"] = "auto", scrubber: Scrubber | None = None
    ) -> None:
        """Take the mode; the scrubber is made when it is first needed."""
        if privacy not in ("auto", "off"):
            raise UserError(f"privacy is 'auto' or 'off', not {privacy!r}")
        self.off = privacy == "off"
        self._scrubber = scrubber

    async def seal(self, call: Call, vault: Vault | None = None) -> Sealed:
        """Return the call with pseudonyms in place of personal data."""
        if self._scrubber is not None and _size(call) < OFF_LOOP:
            return self._seal(call, vault)
        return await asyncio.to_thread(self._seal, call, vault)

    async def seal_texts(self, texts: list[str]) -> tuple[list[str], dict[str, int]]:
        """Return texts with pseudonyms; there is no way back (vectors have none)."""

        def work() -> tuple[list[str], dict[str, int]]:
            vault, hide = self._tools(None)
            return [hide(text) for text in texts], dict(vault.counts)

        if self._scrubber is not None and sum(map(len, texts)) < OFF_LOOP:
            return work()
        return await asyncio.to_thread(work)

    def _tools(self, vault: Vault | None) -> tuple[Vault, Hide]:
        try:
            from ai_catalyst.privacy import Scrubber, Vault

            scrubber = self._scrubber = self._scrubber or Scrubber()
            kept = vault if vault is not None else Vault()
        except Exception as error:
            raise PrivacyError("the privacy layer is not there: nothing was sent") from error

        def hide(text: str) -> str:
            try:
                return scrubber.pseudonymise(text, kept)[0]
            except Exception as error:
                raise PrivacyError("personal data could not be looked for: nothing was sent") from (
                    error
                )

        return kept, hide

    def _seal(self, call: Call, vault: Vault | None) -> Sealed:
        kept, hide = self._tools(vault)
        before = Counter(kept.counts)
        sealed = msgspec.structs.replace(
            call,
            messages=[_message(message, hide) for message in call.messages],
            system=hide(call.system) if call.system else call.system,
            schema=_prose(call.schema, hide),
            tools=_prose(call.tools, hide),
        )
        noted = _noted(sealed) if len(kept) else sealed
        return Sealed(noted, kept, dict(Counter(kept.counts) - before))


def _noted(call: Call) -> Call:
    """Tell the model of pseudonyms: in the system text there is, else in one of its own."""
    first = call.messages[0]
    if call.system is None and first["role"] == "system" and isinstance(first["content"], str):
        told = {**first, "content": f"{first['content']}\n\n{NOTE}"}
        return msgspec.structs.replace(call, messages=[told, *call.messages[1:]])
    system = f"{call.system}\n\n{NOTE}" if call.system else NOTE
    return msgspec.structs.replace(call, system=system)


def _size(call: Call) -> int:
    total = len(call.system or "")
    for message in call.messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [content]
        for part in parts:
            text = part.get("text") if isinstance(part, dict) else part
            total += len(text) if isinstance(text, str) else 0
    return total


def _message(message: Message, hide: Hide) -> Message:
    """Hide in everything a message says; its role, ids and the names of tools stay."""
    sealed: Message = {}
    for key, value in message.items():
        if key in {"role", "tool_call_id"}:
            sealed[key] = value
        elif key == "content":
            sealed[key] = _content(value, hide)
        elif key == "tool_calls":
            sealed[key] = [_tool_call(call, hide) for call in value or ()]
        elif key == "name" and message["role"] != "tool":
            continue  # a person's name, in a field where no placeholder fits
        else:
            sealed[key] = _strings(value, hide)
    return sealed


def _content(content: Any, hide: Hide) -> Any:
    if content is None:
        return None
    if isinstance(content, str):
        return hide(content)
    if not isinstance(content, list):
        raise PrivacyError("a message's content is of a kind that cannot be pseudonymised")
    return [_part(part, hide) for part in content]


def _part(part: Any, hide: Hide) -> Any:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind != "text":
        raise PrivacyError(
            f"a message holds a part of type {kind!r}, whose personal data cannot be taken out:"
            " it goes to private endpoints only"
        )
    return {**part, "text": hide(part.get("text") or "")}


def _tool_call(call: Any, hide: Hide) -> Any:
    function = dict(call.get("function") or {})
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            given = msgspec.json.decode(arguments)
        except msgspec.DecodeError:
            function["arguments"] = hide(arguments)
        else:
            function["arguments"] = msgspec.json.encode(_strings(given, hide)).decode()
    elif arguments is not None:
        function["arguments"] = _strings(arguments, hide)
    return {**call, "function": function}


def _strings(value: Any, hide: Hide) -> Any:
    """Hide in every string of a JSON value, the names of its properties included."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {hide(key): _strings(item, hide) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strings(item, hide) for item in value]
    return value


_PROSE = frozenset({"description", "title", "enum", "const", "default", "examples"})


def _prose(schema: Any, hide: Hide, *, names: bool = False) -> Any:
    """Hide in the prose and the listed values of a schema; its structure stays.

    ``names`` says that the keys are names of properties, not keywords.
    """
    if isinstance(schema, list):
        return [_prose(item, hide) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: _strings(value, hide)
        if key in _PROSE and not names
        else _prose(value, hide, names=key in {"properties", "$defs", "definitions"} and not names)
        for key, value in schema.items()
    }
