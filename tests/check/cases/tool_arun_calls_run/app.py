from typing import Any, Optional, Type

import requests
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field


class SearchInput(BaseModel):
    query: str = Field(description="what to look for")


class SearchWrapper(BaseModel):
    api_key: str
    base_url: str = "https://example.com/search"

    def results(self, query: str) -> list[dict[str, Any]]:
        response = requests.post(self.base_url, json={"q": query}, timeout=15)
        response.raise_for_status()
        return response.json()["results"]


class SearchTool(BaseTool):
    name: str = "search"
    description: str = "Search the web."
    args_schema: Type[BaseModel] = SearchInput
    api_wrapper: SearchWrapper = Field(default_factory=SearchWrapper)

    def _run(self, query: str, run_manager: Optional[Any] = None) -> Any:
        return self.api_wrapper.results(query)

    async def _arun(self, query: str, run_manager: Optional[Any] = None) -> Any:
        return self._run(query)  # expect: requests.post
