from __future__ import annotations

import asyncio
import io
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.pdf.injected import read_with_faults
from pdf_files import looped_tree, many_pages, pages, pdf, raw, scan
from reportlab.platypus import SimpleDocTemplate, Table

from ai_catalyst.documents.readers.pdf_ocr import ocr_available
from ai_catalyst.documents.readers.pdf_tables import tables_available
from ai_catalyst.engine import WorkerPool
from ai_catalyst.errors import FileError
from ai_catalyst.pdf import TextExtractor
from ai_catalyst.pdf.reading import ReadPdf


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(2, memory_bytes=2**30) as workers:
        yield workers


async def read(name: str, data: bytes, pool: WorkerPool, **options: Any) -> ReadPdf:
    """Read with faults where the name says so."""
    extractor = TextExtractor(pool=pool, read=read_with_faults, ocr="never", **options)
    return await extractor.read_async((name, data))


async def kind_of(name: str, data: bytes, pool: WorkerPool, **options: Any) -> str:
    with pytest.raises(FileError) as caught:
        await read(name, data, pool, **options)
    assert name in str(caught.value)
    return caught.value.kind


def numbers(found: ReadPdf) -> list[int]:
    assert [page.text for page in found.pages] == [
        f"Page {page.number} of the book" for page in found.pages
    ]
    return [page.number for page in found.pages]


async def test_a_file_is_read_with_all_that_it_holds(pool: WorkerPool) -> None:
    data = pdf(["left", "below"], ["second"], form=True, note="Call Jane Doe")
    found = await read("form.pdf", data, pool)
    assert (found.outcome, found.count, found.attempts) == ("OK", 2, 1)
    assert found.metadata["title"] == "The Title"
    assert found.outline == ((0, "Chapter 1", 1), (0, "Chapter 2", 2))
    assert found.pages[0].text.startswith("left\nbelow")
    assert found.pages[0].fields == (("city", "Ulm"),)
    assert found.pages[0].notes == ("Call Jane Doe",)
    assert "city: Ulm" in found.text
    assert "Call Jane Doe" in found.text


async def test_with_places_each_page_has_its_columns_and_words(pool: WorkerPool) -> None:
    extractor = TextExtractor(pool=pool)
    (page,) = await extractor.pages_async(("a.pdf", pdf(["Total   12.50"])))
    assert "Total" in page.layout
    assert [word.text for word in page.words] == ["Total", "12.50"]
    left, top, right, bottom = page.words[0].box
    assert 71 < left < right < 110
    assert 60 < top < bottom < 90  # from the upper edge of an A4 page, 842 points high


async def test_pages_are_told_as_they_are_read(pool: WorkerPool) -> None:
    told: list[tuple[str, int, int]] = []
    extractor = TextExtractor(pool=pool)
    await extractor.read_async(("a.pdf", pages(5)), on_page=lambda *page: told.append(page))
    assert told == [("a.pdf", number, 5) for number in range(1, 6)]


async def test_a_long_file_is_read_in_parts_and_comes_whole(pool: WorkerPool) -> None:
    told: list[int] = []
    extractor = TextExtractor(pool=pool)
    found = await extractor.read_async(
        ("long.pdf", pages(450)), on_page=lambda _, page, __: told.append(page)
    )
    assert numbers(found) == list(range(1, 451))
    assert told == list(range(1, 451))
    assert found.attempts == 2  # a part a worker


async def test_a_page_that_crashes_costs_that_page_alone(pool: WorkerPool) -> None:
    found = await read("segv@3.pdf", pages(5), pool)
    assert found.outcome == "PARTIAL"
    assert numbers(found) == [1, 2, 4, 5]
    assert found.troubles == ("page 3 crashed the process that read it",)


async def test_a_page_that_hangs_costs_its_deadline_and_no_more(pool: WorkerPool) -> None:
    start = time.monotonic()
    found = await read("hang@3.pdf", pages(5), pool, page_timeout_s=0.5)
    assert time.monotonic() - start < 10
    assert found.outcome == "PARTIAL"
    assert numbers(found) == [1, 2, 4, 5]
    assert "page 3 takes longer" in found.troubles[0]


async def test_a_page_that_bursts_its_memory_costs_that_page_alone(pool: WorkerPool) -> None:
    found = await read("alloc@2.pdf", pages(3), pool)
    assert (found.outcome, numbers(found)) == ("PARTIAL", [1, 3])
    assert "memory" in found.troubles[0]


async def test_a_worker_killed_from_outside_costs_nothing(pool: WorkerPool) -> None:
    found = await read(f"killonce@3-{uuid.uuid4().hex}.pdf", pages(5), pool)
    assert (found.outcome, numbers(found), found.attempts) == ("OK", [1, 2, 3, 4, 5], 2)


@pytest.mark.parametrize(
    ("name", "kind"), [("segv@1.pdf", "crashed"), ("alloc@1.pdf", "out_of_memory")]
)
async def test_a_file_of_one_page_that_fails_is_named(
    name: str, kind: str, pool: WorkerPool
) -> None:
    assert await kind_of(name, pages(1), pool) == kind


async def test_a_hang_at_the_only_page_is_a_timeout(pool: WorkerPool) -> None:
    assert await kind_of("hang@1.pdf", pages(1), pool, page_timeout_s=0.3) == "timeout"


async def test_the_whole_file_has_a_deadline_too(pool: WorkerPool) -> None:
    start = time.monotonic()
    data = pages(3)
    assert await kind_of("hang@1.pdf", data, pool, timeout_s=0.4) == "timeout"
    assert time.monotonic() - start < 10


async def test_only_the_guilty_of_many_small_files_is_lost(pool: WorkerPool) -> None:
    extractor = TextExtractor(pool=pool, read=read_with_faults, ocr="never", page_timeout_s=4)
    names = [f"{number}.pdf" for number in range(30)]
    names[7], names[13], names[21], names[22] = "segv@1.pdf", "hang@1.pdf", "kill@1.pdf", "exit@1.x"
    found = await asyncio.gather(
        *(extractor.read_async((name, pages(1))) for name in names), return_exceptions=True
    )
    pairs = zip(names, found, strict=True)
    lost = {name: error.kind for name, error in pairs if isinstance(error, FileError)}
    assert lost == {
        "segv@1.pdf": "crashed",
        "hang@1.pdf": "timeout",
        "kill@1.pdf": "crashed",
        "exit@1.x": "crashed",
    }
    assert all(isinstance(each, ReadPdf) for each in found if not isinstance(each, FileError))


async def test_a_cancelled_reader_leaves_the_worker_to_others(pool: WorkerPool) -> None:
    extractor = TextExtractor(pool=pool, read=read_with_faults, page_timeout_s=60)
    hung = asyncio.ensure_future(extractor.read_async(("hang@1.pdf", pages(1))))
    await asyncio.sleep(0.3)
    hung.cancel()
    found = await asyncio.gather(*(extractor.read_async((f"{n}.pdf", pages(1))) for n in range(8)))
    assert len(found) == 8
    with pytest.raises(asyncio.CancelledError):
        await hung


async def test_passwords_are_tried_in_turn(pool: WorkerPool) -> None:
    data = pdf(["secret"], password="opensesame")
    assert await kind_of("locked.pdf", data, pool) == "encrypted"
    assert await kind_of("locked.pdf", data, pool, passwords=("wrong",)) == "encrypted"
    found = await read("locked.pdf", data, pool, passwords=("wrong", "opensesame"))
    assert found.text == "secret"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"Dear Sir or Madam", "unsupported"),
        (b"\x89PNG\r\n" + bytes(3000), "unsupported"),
        (pages(3)[:300], "malformed"),
        (b"%PDF-1.7" + bytes(5000), "malformed"),
        (b"%PDF-1.4\n1 0 obj <<>> endobj", "malformed"),
    ],
    ids=["empty", "letter", "image", "truncated", "zeroes", "bare"],
)
async def test_what_is_broken_is_told_by_kind(data: bytes, kind: str, pool: WorkerPool) -> None:
    assert await kind_of("bad.pdf", data, pool) == kind


async def test_a_file_too_large_is_refused_unread(tmp_path: Path, pool: WorkerPool) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(500 * 2**20)
    with pytest.raises(FileError, match="500 MiB") as caught:
        await TextExtractor(pool=pool).read_async(path)
    assert caught.value.kind == "too_large"


async def test_ten_thousand_pages_are_read_or_refused_as_was_asked(pool: WorkerPool) -> None:
    data = many_pages(10_000)
    found = await read("many.pdf", data, pool)
    assert (found.count, found.outcome) == (10_000, "NO_TEXT")
    assert await kind_of("many.pdf", data, pool, max_pages=9_999) == "too_large"


async def test_a_tree_of_pages_that_holds_itself_comes_to_an_end(pool: WorkerPool) -> None:
    extractor = TextExtractor(pool=pool, page_timeout_s=3)
    told = extractor.read_async(("loop.pdf", looped_tree()))
    (found,) = await asyncio.gather(told, return_exceptions=True)
    assert isinstance(found, FileError) or found.outcome == "NO_TEXT"


async def test_a_pdf_within_a_pdf_and_a_script_are_left_alone(pool: WorkerPool) -> None:
    inner = pages(1).decode("latin-1")
    outer = raw(
        {
            1: "<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.pdf) 4 0 R]>>>>"
            "/OpenAction<</S/JavaScript/JS(while(true){})>>>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 6 0 R"
            "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
            4: "<</Type/Filespec/F(a.pdf)/EF<</F 5 0 R>>>>",
            5: f"<</Length {len(inner)}>>stream\n{inner}\nendstream",
            6: "<</Length 37>>stream\nBT /F 12 Tf 9 99 Td (Outer) Tj ET    \nendstream",
        }
    )
    found = await read("outer.pdf", outer, pool)
    assert found.text.strip() == "Outer"


async def test_a_file_that_vanishes_or_is_a_folder_is_told(
    tmp_path: Path, pool: WorkerPool
) -> None:
    extractor = TextExtractor(pool=pool)
    for path in (tmp_path / "gone.pdf", tmp_path):
        with pytest.raises(FileError) as caught:
            await extractor.read_async(path)
        assert caught.value.kind in {"missing", "unsupported"}


@pytest.mark.skipif(not ocr_available(), reason="tesseract or Pillow is not installed")
async def test_a_scan_is_read_by_ocr_with_places(pool: WorkerPool) -> None:
    extractor = TextExtractor(pool=pool, ocr="auto", ocr_languages=("eng",))
    (page,) = await extractor.pages_async(("scan.pdf", scan("Invoice 4711", "Total 12.50")))
    assert page.source == "ocr"
    assert "4711" in page.text
    word = next(word for word in page.words if word.text == "4711")
    assert 57 < word.box[0] < 250
    assert 60 < word.box[1] < 120


async def test_without_ocr_a_scan_has_no_text(pool: WorkerPool) -> None:
    found = await read("scan.pdf", scan("Invoice"), pool)
    assert (found.outcome, found.text) == ("NO_TEXT", "")


@pytest.mark.skipif(not tables_available(), reason="pdfplumber is not installed")
async def test_tables_come_with_the_text(pool: WorkerPool) -> None:
    out = io.BytesIO()
    rows = [["Pos", "Text", "Sum"], ["1", "Bolt", "3.50"]]
    SimpleDocTemplate(out).build([Table(rows, style=[("GRID", (0, 0), (-1, -1), 1, "black")])])
    found = await read("table.pdf", out.getvalue(), pool, tables=True)
    assert found.pages[0].tables == ((("Pos", "Text", "Sum"), ("1", "Bolt", "3.50")),)


async def test_a_file_that_changes_while_it_is_read_is_told(
    tmp_path: Path, pool: WorkerPool
) -> None:
    path = tmp_path / "grow@2.pdf"
    large = pages(2) + b"%" * (9 * 2**20)  # larger than what is read at one go
    await asyncio.to_thread(path.write_bytes, large)
    with pytest.raises(FileError, match="changed") as caught:
        await TextExtractor(pool=pool, read=read_with_faults).read_async(path)
    assert caught.value.kind == "changed"
