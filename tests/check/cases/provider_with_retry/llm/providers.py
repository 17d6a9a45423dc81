import abc
import os

import anthropic
import google.generativeai as genai
from tenacity import retry, stop_after_attempt, wait_exponential


class Provider(abc.ABC):
    @abc.abstractmethod
    def complete(self, prompt: str) -> str: ...


class Claude(Provider):
    def __init__(self, model="claude-3"):
        self.model = model
        self.client = anthropic.Anthropic(api_key=os.getenv("ANTHROPIC_API_KEY"))

    @retry(stop=stop_after_attempt(3), wait=wait_exponential(max=10))
    def complete(self, prompt):
        message = self.client.messages.create(
            model=self.model, max_tokens=1000, messages=[{"role": "user", "content": prompt}]
        )
        return message.content[0].text


class Gemini(Provider):
    def __init__(self):
        genai.configure(api_key=os.getenv("GOOGLE_API_KEY"))
        self.model = genai.GenerativeModel("gemini-1.5-flash")

    def complete(self, prompt):
        return self.model.generate_content(prompt).text


def make_provider(name: str) -> Provider:
    if name == "gemini":
        return Gemini()
    return Claude()
