from abc import ABC, abstractmethod


class LLM(ABC):
    @abstractmethod
    def complete(self, prompt): ...

    @abstractmethod
    async def acomplete(self, prompt): ...


class Retriever:
    def __init__(self, llm: LLM):
        self._llm = llm

    def _queries(self, text):
        return self._llm.complete(f"Ask {text} in other words").splitlines()

    async def retrieve(self, text):
        return self._queries(text)  # expect: LLM.complete
