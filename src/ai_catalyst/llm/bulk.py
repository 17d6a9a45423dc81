"""Many prompts: bounded, resumable, each failure a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.engine import Outcome, journal_key
from ai_catalyst.llm.call import Call, messages_of
from ai_catalyst.llm.completion import Completion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.llm.call import Prompt

__all__ = ["Outcomes", "PromptOutcome", "decode", "encode", "key_of", "label"]


class PromptOutcome(Outcome[Any, Completion]):
    """What became of one prompt; where it succeeded, it also reads like its completion."""

    @classmethod
    def of(cls, outcome: Outcome[Any, Completion]) -> PromptOutcome:
        """Return the same outcome, readable as a completion."""
        return cls(*(getattr(outcome, name) for name in Outcome.__struct_fields__))

    def __str__(self) -> str:
        """Return the completion's text, or the error."""
        return str(self.value) if self.error is None else str(self.error)

    def __getattr__(self, name: str) -> Any:
        """Read a field of the completion; raises the prompt's error when it has none."""
        if name.startswith("_") or name not in Completion.__dataclass_fields__:
            raise AttributeError(name)
        return getattr(self.unwrap(), name)


class Outcomes(list[PromptOutcome]):
    """The outcomes of a batch, in the order of its prompts."""

    @property
    def failed(self) -> list[PromptOutcome]:
        """Those that have no completion."""
        return [outcome for outcome in self if outcome.error is not None]

    @property
    def partial(self) -> bool:
        """Whether something is missing."""
        return bool(self.failed)

    def completions(self) -> Iterator[Completion]:
        """Yield the completions, in order; raises the first error on the way."""
        for outcome in self:
            yield outcome.unwrap()


def key_of(prompt: Prompt, call: Call) -> bytes:
    """Return the journal's name of a prompt asked as ``call`` says."""
    options = msgspec.json.encode(msgspec.structs.replace(call, messages=[]))
    content = msgspec.json.encode(messages_of(prompt))
    return journal_key("llm", 1, options, content)


def label(prompt: Prompt) -> str:
    """Return a prompt's name in events and journal: never its text."""
    return f"prompt {key_of(prompt, Call([])).hex()[:12]}"


def encode(completion: Completion) -> bytes:
    """Return a completion as the journal keeps it."""
    return msgspec.msgpack.encode(completion, enc_hook=_plain)


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise NotImplementedError(f"{type(value).__name__} cannot be kept in a journal")
    return dump(mode="json")


def decode(kept: bytes) -> Completion:
    """Return a completion from the journal; its data is plain JSON."""
    return msgspec.msgpack.decode(kept, type=Completion)
