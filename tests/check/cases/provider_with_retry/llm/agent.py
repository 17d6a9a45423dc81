from llm.providers import make_provider


class Agent:
    def __init__(self, settings):
        self.provider = make_provider(settings.provider)

    async def step(self, observation):
        # expect: anthropic.Anthropic.messages.create
        return self.provider.complete(f"Observed: {observation}")
