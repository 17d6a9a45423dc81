from abc import ABC, abstractmethod
from collections.abc import Awaitable


class LLM(ABC):
    @abstractmethod
    def complete(self, prompt): ...

    @abstractmethod
    async def acomplete(self, prompt): ...

    @abstractmethod
    def stream(self, prompt) -> Awaitable[str]: ...

    @abstractmethod
    async def astream(self, prompt): ...


async def ask(llm: LLM, text):
    return await llm.acomplete(text) + await llm.stream(text)
