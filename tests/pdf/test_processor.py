from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pdf_files import Letters, invoice, pages, pdf, scan
from pydantic import BaseModel

from ai_catalyst.engine import Breaker, Retry
from ai_catalyst.errors import EndpointTimeout, FileError, UserError
from ai_catalyst.pdf import (
    AsyncPDFProcessor,
    BatchResult,
    Extraction,
    ExtractionRepository,
    PageText,
    PDFProcessor,
    PDFValidator,
    TextExtractor,
)


class Flaky:
    """A model that is out of reach at first."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    async def extract_pages(self, pages: Any, fields: Any) -> Extraction:
        self.calls += 1
        if self.calls <= self.failures:
            raise EndpointTimeout("nobody answers")
        return Extraction({"n": 1})


def at_once(attempts: int = 3) -> Retry:
    return Retry(attempts=attempts, base_s=0)


async def test_fields_come_with_their_evidence() -> None:
    found = await AsyncPDFProcessor().process_file(
        ("a.pdf", invoice(7)), None, ["invoice_number", "total"], "classic"
    )
    assert (found.success, found.outcome, found.pages, found.error) == (True, "OK", 1, None)
    assert found.data["invoice_number"] == "INV-7"
    page, quote, box, confidence, source = found.evidence["invoice_number"]
    assert (page, quote) == (1, "INV-7")
    assert box is not None
    assert 0 < confidence <= 1
    assert source


async def test_a_users_extractor_may_block_and_the_loop_goes_on() -> None:
    threads: list[str] = []

    class Slow:
        def extract(self, text: str, fields: Any) -> Mapping[str, Any]:
            threads.append(threading.current_thread().name)
            time.sleep(0.2)
            return {"fields": fields, "text": text}

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    found = await AsyncPDFProcessor().process_file(("a.pdf", pages(2)), Slow(), ["x"], "classic")
    ticking.cancel()
    assert found.data == {"fields": ["x"], "text": "Page 1 of the book\n\nPage 2 of the book"}
    assert threads != [threading.current_thread().name]
    assert ticks > 3


async def test_a_users_value_that_stands_on_a_page_says_so() -> None:
    found = await AsyncPDFProcessor().process_file(("a.pdf", pages(2)), Letters(), ["first"])
    assert found.evidence["first"][:2] == (1, "Page 1 of the book")
    assert found.evidence["letters"].page is None


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (b"", "MALFORMED"),
        (b"Dear Sir", "UNSUPPORTED"),
        (b"%PDF-1.7 and then nothing", "MALFORMED"),
        (pdf(["x"], password="opensesame"), "ENCRYPTED"),
        (pdf([]), "NO_TEXT"),
    ],
    ids=["empty", "letter", "broken", "encrypted", "blank"],
)
async def test_each_bad_file_has_its_outcome_and_its_name(data: bytes, outcome: str) -> None:
    found = await AsyncPDFProcessor().process_file(("bad.pdf", data), Letters(), ["first"])
    assert (found.success, found.outcome, found.data) == (False, outcome, {})
    assert found.error is not None
    assert found.error.startswith("bad.pdf: ")


async def test_a_scan_without_ocr_says_what_it_needs() -> None:
    reader = TextExtractor(ocr="never")
    found = await AsyncPDFProcessor(text_extractor=reader).process_file(
        ("scan.pdf", scan("Invoice")), Letters(), ["first"]
    )
    assert found.outcome == "NO_TEXT"
    assert "OCR" in (found.error or "")


@pytest.mark.parametrize("name", ["../../etc/passwd.pdf", "a\x1b[2Jb.pdf", "new\nline.pdf"])
async def test_an_odd_name_is_only_a_name(name: str, tmp_path: Path) -> None:
    found = await AsyncPDFProcessor().process_file((name, pages(1)), Letters(), ["first"])
    assert found.success
    assert found.file_name.isprintable()


async def test_files_come_as_paths_pairs_and_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pages(1))

    class Upload:
        name = "a.pdf"

        async def read(self) -> bytes:
            return pages(1)

    with path.open("rb") as opened:
        opened.seek(100)  # somebody has looked into it before
        files: list[Any] = [path, str(path), ("a.pdf", pages(1)), opened, Upload()]
        found = [await AsyncPDFProcessor().process_file(file, Letters(), []) for file in files]
    assert [each.data.get("first") for each in found] == ["Page 1 of the book"] * 5
    assert {each.file_name for each in found} == {"a.pdf", str(path)}  # a file's name is its own


async def test_what_a_retry_can_help_is_tried_again() -> None:
    flaky = Flaky(2)
    found = await AsyncPDFProcessor(retry=at_once()).process_file(("a.pdf", pages(1)), flaky, ["n"])
    assert (found.success, found.attempts, found.data) == (True, 3, {"n": 1})


async def test_what_no_retry_helps_is_tried_once() -> None:
    processor = AsyncPDFProcessor(retry=at_once(5))
    found = await processor.process_file(("a.pdf", b"%PDF-1.7 broken"), Letters(), ["n"])
    assert (found.outcome, found.attempts) == ("MALFORMED", 1)


async def test_an_extractor_that_fails_is_told_with_what_it_said() -> None:
    class Broken:
        def extract(self, text: str, fields: Any) -> Mapping[str, Any]:
            raise ValueError("boom")

    found = await AsyncPDFProcessor().process_file(("a.pdf", pages(1)), Broken(), ["n"])
    assert not found.success
    assert found.error == "a.pdf: ValueError: boom"
    assert found.pages == 1


async def test_a_breaker_leaves_a_dead_model_alone() -> None:
    flaky = Flaky(99)
    breaker = Breaker(failures=2, reset_s=60)
    processor = AsyncPDFProcessor(retry=at_once(1), breaker=breaker)
    results = [await processor.process_file(("a.pdf", pages(1)), flaky, ["n"]) for _ in range(4)]
    assert flaky.calls == 2
    assert not any(result.success for result in results)


async def test_a_validator_and_a_reader_of_the_users_are_used() -> None:
    class Picky:
        def validate(self, data: bytes) -> None:
            if b"ReportLab" not in data:
                raise FileError("not one of ours", kind="unsupported")

    class Reader:
        def extract_text(self, data: bytes) -> str:
            return "whatever"

    processor = AsyncPDFProcessor(validator=Picky(), text_extractor=Reader())
    good = await processor.process_file(("a.pdf", pdf(["x"])), Letters(), ["first"])
    assert good.data["first"] == "whatever"
    bad = await processor.process_file(("b.pdf", pages(1)), Letters(), ["first"])
    assert (bad.outcome, bad.error) == ("UNSUPPORTED", "b.pdf: not one of ours")


async def test_our_reader_may_be_made_to_give_another_text() -> None:
    class Loud(TextExtractor):
        def extract_text(self, file_bytes: bytes) -> str:  # type: ignore[override]
            return "LOUD"

    found = await AsyncPDFProcessor(text_extractor=Loud()).process_file(
        ("a.pdf", pages(1)), Letters(), ["first"]
    )
    assert found.data["first"] == "LOUD"


async def test_results_are_kept_in_the_repository(tmp_path: Path) -> None:
    async with ExtractionRepository(tmp_path / "kept.db") as repository:
        processor = AsyncPDFProcessor(repository)
        found = await processor.process_file(("a.pdf", invoice(3)), None, ["invoice_number"])
        assert found.db_id is not None
        kept = await repository.get(found.db_id)
    assert kept.data["invoice_number"] == "INV-3"
    assert (kept.file_name, kept.pages) == ("a.pdf", 1)


async def test_a_result_that_cannot_be_kept_is_no_success() -> None:
    class Full:
        async def save(self, *args: Any) -> int:
            raise OSError(28, "No space left on device")

    processor = AsyncPDFProcessor(Full(), retry=at_once(1))
    found = await processor.process_file(("a.pdf", invoice(3)), None, ["invoice_number"])
    assert (found.success, found.outcome, found.db_id) == (False, "PARTIAL", None)
    assert found.data["invoice_number"] == "INV-3"
    assert "No space left" in (found.error or "")


@pytest.mark.parametrize(
    ("extractor", "fields", "method"),
    [
        (Letters(), ["n"], "magic"),
        (object(), ["n"], "classic"),
        (None, ["n"], "ai"),
        (None, {"n": {"type": "colour"}}, "classic"),
        (None, {"n": {"pattern": "("}}, "classic"),
        (None, "missing.yaml", "classic"),
    ],
    ids=["method", "extractor", "no model", "type", "pattern", "file"],
)
async def test_wrong_use_is_refused(extractor: Any, fields: Any, method: str) -> None:
    with pytest.raises(UserError):
        await AsyncPDFProcessor().process_file(("a.pdf", pages(1)), extractor, fields, method)


async def test_fields_may_be_a_model_or_a_file(tmp_path: Path) -> None:
    class Bill(BaseModel):
        invoice_number: str

    listed = tmp_path / "fields.yaml"
    listed.write_text("- name: invoice_number\n")
    for fields in (Bill, listed, str(listed)):
        found = await AsyncPDFProcessor().process_file(("a.pdf", invoice(5)), None, fields)
        assert found.data == {"invoice_number": "INV-5"}


def test_the_sync_twin_does_the_same() -> None:
    found = PDFProcessor().process_file(("a.pdf", pages(1)), Letters(), ["first"])
    assert isinstance(found, BatchResult)
    assert found.data["first"] == "Page 1 of the book"


def test_the_validator_says_what_is_wrong() -> None:
    assert PDFValidator.validate(pages(3)).pages == 3
    assert PDFValidator().validate(pdf(["x"], password=""), ("",)).encrypted
    for data, kind in [(b"", "empty"), (b"x", "unsupported"), (b"%PDF-1.4", "malformed")]:
        with pytest.raises(FileError) as caught:
            PDFValidator.validate(data)
        assert caught.value.kind == kind


def test_text_is_extracted_from_sync_code() -> None:
    assert TextExtractor().extract_text(pages(2)) == "Page 1 of the book\n\nPage 2 of the book"


async def test_a_page_says_who_read_it() -> None:
    read = await TextExtractor().pages_async(("a.pdf", pages(1)))
    assert isinstance(read[0], PageText)
    assert read[0].source == "pdfium"
