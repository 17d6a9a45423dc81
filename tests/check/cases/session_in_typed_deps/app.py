from dataclasses import dataclass, field

import requests
from pydantic_ai import Agent, RunContext


@dataclass
class Deps:
    api_key: str
    http: requests.Session = field(default_factory=requests.Session)


agent = Agent("openai:gpt-4o", deps_type=Deps)


@agent.tool
async def weather(ctx: RunContext[Deps], city: str) -> str:
    # expect: requests.Session.get
    reply = ctx.deps.http.get("https://example.com", params={"q": city}, timeout=5)
    return reply.text
