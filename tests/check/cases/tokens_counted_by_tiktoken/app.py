from functools import lru_cache

import tiktoken


@lru_cache(maxsize=8)
def _encoding(model: str):
    try:
        return tiktoken.encoding_for_model(model)
    except KeyError:
        return tiktoken.get_encoding("cl100k_base")


class Budget:
    def __init__(self, model):
        self.model = model

    def count(self, text: str) -> int:
        return len(_encoding(self.model).encode(text))

    async def trim(self, messages, limit):
        # expect: tiktoken.encoding_for_model
        while sum(self.count(m["content"]) for m in messages) > limit:
            messages.pop(0)
        return messages
