from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EMBEDDING_MODELS: dict[str, "SentenceTransformer"] = {}


class SentenceTransformerEmbeddingMixin:
    model_store: object

    async def openai_embeddings(self, params):
        model = await self.model_store.get_model(params.model)
        # expect: sentence_transformers.SentenceTransformer
        embedding_model = self._load_sentence_transformer_model(model.provider_resource_id)
        # expect: sentence_transformers.SentenceTransformer.encode
        embeddings = embedding_model.encode([params.input], show_progress_bar=False)
        return embeddings.tolist()

    def _load_sentence_transformer_model(self, model: str) -> "SentenceTransformer":
        global EMBEDDING_MODELS
        loaded_model = EMBEDDING_MODELS.get(model)
        if loaded_model is not None:
            return loaded_model
        from sentence_transformers import SentenceTransformer

        loaded_model = SentenceTransformer(model, trust_remote_code=True)
        EMBEDDING_MODELS[model] = loaded_model
        return loaded_model
