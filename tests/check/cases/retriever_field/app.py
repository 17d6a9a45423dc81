from typing import Any, List

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore


class TopRetriever(BaseRetriever):
    vectorstore: VectorStore
    search_kwargs: dict[str, Any] = {}

    def _get_relevant_documents(self, query, *, run_manager) -> List[Document]:
        return self.vectorstore.similarity_search(query, **self.search_kwargs)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> List[Document]:
        # expect: langchain_core.vectorstores.VectorStore.similarity_search_with_score
        docs = self.vectorstore.similarity_search_with_score(query, **self.search_kwargs)
        return [doc for doc, score in docs if score > 0.5]
