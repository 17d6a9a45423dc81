from pathlib import Path

from tutor.service import get_parse_service


class DocumentLoader:
    def __init__(self, service=None):
        self._service = service or get_parse_service()

    async def load(self, paths: list[str]):
        documents = []
        for path in paths:
            parsed = self._parse_document(Path(path))  # expect: httpx.Client.post
            documents.append(parsed)
        return documents

    def _parse_document(self, path: Path):
        return self._service.parse(path)
