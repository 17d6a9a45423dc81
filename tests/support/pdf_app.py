"""An app whose processor answers by the words in a file, for tests that drive its pages."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from ai_catalyst.pdf.app import Model
from ai_catalyst.pdf.job import MakeWork, Work
from ai_catalyst.pdf.job_folder import Order
from ai_catalyst.pdf.jobs import Jobs
from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.repository import ExtractionRepository
from ai_catalyst.pdf.result import BatchResult

GO = threading.Event()
"""Files that hold ``wait`` are done when it is set."""
ORDERS: list[Order] = []
MODELS: list[Model] = []
BUILT: list[Jobs] = []

SCRIPT = "import pdf_app; from ai_catalyst.pdf.app import show; show(pdf_app.build, pdf_app.models)"


class Processor:
    """``bad`` is refused, ``wait`` waits, everything else has a number and a total."""

    def __init__(self, repository: ExtractionRepository) -> None:
        self.kept = repository

    async def process_file(
        self, file: object, extractor: object, fields: object, method: str
    ) -> BatchResult:
        name = str(file.name)  # type: ignore[attr-defined]
        content = Path(file.path).read_bytes()  # type: ignore[attr-defined]
        while b"wait" in content and not GO.is_set():
            await asyncio.sleep(0.005)
        if b"bad" in content:
            return BatchResult(
                name, method=method, error=f"{name}: is a broken PDF file", outcome="MALFORMED"
            )
        found = Extraction(
            {"invoice_number": "EO-88", "total": 89.9, "iban": None},
            {
                "invoice_number": Evidence(1, "EO-88", (60.0, 40.0, 120.0, 60.0), 0.95, "label"),
                "total": Evidence(2, "89.90", (60.0, 80.0, 120.0, 95.0), 0.6, "label"),
            },
        )
        pages = [PageText(1, "Invoice EO-88", ""), PageText(2, "Total 89.90", "")]
        db_id = await self.kept.save(name, name * 8, pages, found, "OK", method)
        return BatchResult(
            name, True, found.data, db_id=db_id, method=method, pages=2, evidence=found.evidence
        )


def build() -> Jobs:
    """Make the registry in the state folder of the test."""
    repository = ExtractionRepository()

    def maker(_: ExtractionRepository) -> MakeWork:
        @contextlib.asynccontextmanager
        async def make(order: Order) -> AsyncIterator[Work]:
            ORDERS.append(order)
            yield Work(Processor(repository), None, ["invoice_number"], order.method)

        return make

    BUILT.append(Jobs(maker, repository=repository))
    return BUILT[-1]


def models(_: Jobs) -> list[Model]:
    """Return the models that the test names."""
    return MODELS


def reset() -> None:
    """Close what was built and forget what was seen."""
    GO.set()
    while BUILT:
        BUILT.pop().close()
    GO.clear()
    ORDERS.clear()
    MODELS.clear()
