from typing import Any

import boto3
from pydantic import BaseModel


class Base(BaseModel):
    runtime: Any

    def __init__(self, runtime: Any = None, **more):
        super().__init__(runtime=runtime or boto3.client("bedrock-runtime"), **more)


class Chat(Base):
    model: str

    async def ask(self, text):
        return self.runtime.converse(modelId=self.model)  # expect: boto3.client().converse
