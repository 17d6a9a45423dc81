from __future__ import annotations

from pdf_files import pages, pdf

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.readers.pdf_file import open_pdf, outline_of
from ai_catalyst.documents.readers.pdf_ocr import _read
from ai_catalyst.documents.readers.pdf_page import read_page
from ai_catalyst.documents.readers.pdf_second import SecondOpinion


def blob(data: bytes) -> Blob:
    return Blob("a.pdf", data=data)


def test_pypdf_reads_what_it_is_asked_for() -> None:
    second = SecondOpinion(blob(pages(3)), most=2)
    assert second.count() == 3
    assert second.text(2) == "Page 2 of the book"
    assert second.text(9) is None  # there is no such page
    assert second.text(1) is None  # asked often enough


def test_it_has_no_opinion_on_what_it_cannot_open() -> None:
    for data in (b"", b"%PDF-1.7 broken", pdf(["x"], password="opensesame")):
        second = SecondOpinion(blob(data))
        assert (second.count(), second.text(1), second.metadata()) == (0, None, {})
    assert SecondOpinion(blob(pdf(["x"], password="opensesame")), "opensesame").text(1) == "x"


def test_words_stand_where_they_are_seen_also_on_a_turned_page() -> None:
    boxes = []
    for turn in (b"", b"/Rotate 90", b"/Rotate 180", b"/Rotate 270"):
        data = pages(1).replace(b"/Type/Page/Parent", b"/Type/Page" + turn + b"/Parent")
        with open_pdf(blob(data)) as file:
            page = read_page(file.pdf, file.form, 1, places=True)
        assert [text for text, _ in page.words] == ["Page", "1", "of", "the", "book"]
        for _, (left, top, right, bottom) in page.words:
            assert 0 <= left < right <= page.width
            assert 0 <= top < bottom <= page.height
        boxes.append((page.words[0][1], page.width > page.height))
    (left, top, _, _), wide = boxes[0]
    assert not wide
    assert 71 < left < 73
    assert 120 < top < 145  # its base line is at 700 of 842 points
    assert [wide for _, wide in boxes] == [False, True, False, True]
    assert boxes[2][0][0] > 400  # upside down: what began at the left is at the right


def test_an_outline_has_levels_titles_and_pages() -> None:
    with open_pdf(blob(pdf(["a"], ["b"]))) as file:
        assert outline_of(file.pdf) == ((0, "Chapter 1", 1), (0, "Chapter 2", 2))


def test_tesseracts_table_becomes_text_and_words() -> None:
    rows = [
        "level\tpage\tblock\tpar\tline\tword\tleft\ttop\twidth\theight\tconf\ttext",
        "4\t1\t1\t1\t1\t0\t0\t0\t100\t10\t-1\t",
        "5\t1\t1\t1\t1\t1\t100\t200\t50\t20\t96.5\tTotal",
        "5\t1\t1\t1\t1\t2\t160\t200\t50\t20\t91\t12.50",
        "5\t1\t1\t1\t2\t1\t100\t230\t50\t20\t3\t~~",
        "5\t1\t2\t1\t1\t1\t100\t400\t50\t20\t90\tThanks",
    ]
    text, words = _read("\n".join(rows), points=0.24)
    assert text == "Total 12.50\n\nThanks"
    assert words[0] == ("Total", (24.0, 48.0, 36.0, 52.8))
    assert len(words) == 3
