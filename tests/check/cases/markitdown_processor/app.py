import io
import logging
import tempfile
from typing import Any

from fastapi import UploadFile
from markitdown import MarkItDown

logger = logging.getLogger(__name__)


class MarkItDownFileProcessor:
    def __init__(self, config: Any, files_api: Any) -> None:
        self.config = config
        self.files_api = files_api
        self._md = MarkItDown(enable_plugins=False)

    def _to_markdown(self, content: bytes, suffix: str) -> str:
        result = self._md.convert_stream(io.BytesIO(content), file_extension=suffix)
        return result.text_content

    async def process_file(self, file: UploadFile) -> dict[str, Any]:
        content = await file.read()
        text = self._to_markdown(content, ".docx")  # expect: markitdown.MarkItDown.convert_stream
        return {"text": text, "chunks": text.split("\n\n")}
