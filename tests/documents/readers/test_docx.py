from __future__ import annotations

import datetime as dt
import io
import zipfile

import docx
import pytest
from reading import read

from ai_catalyst.errors import FileError

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def minutes() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Minutes"
    document.core_properties.author = "Ann Example"
    document.core_properties.modified = dt.datetime(2024, 3, 5, 10, 0)
    document.add_heading("Meeting of May", 0)
    document.add_heading("Present", 1)
    document.add_paragraph("Ann and Bob.\tBoth on time.")
    document.add_paragraph("Bring cake", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Item", "Cost", "Cake", "12.50"], strict=True):
        cell.text = text
    document.add_paragraph("After the table.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def made(body: str, prolog: str = "", **parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        text = f'{prolog}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", text)
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", content)
    return out.getvalue()


def test_headings_paragraphs_lists_and_tables_come_in_their_order() -> None:
    (data,) = read("docx", minutes())
    assert data["text"].split("\n") == [
        "# Meeting of May",
        "",
        "# Present",
        "",
        "Ann and Bob.\tBoth on time.",
        "",
        "- Bring cake",
        "",
        "Item | Cost",
        "Cake | 12.50",
        "",
        "After the table.",
    ]
    assert data["title"] == "Minutes"
    assert data["author"] == "Ann Example"
    assert data["date"].startswith("2024-03-05")


def test_inserted_text_counts_deleted_text_and_fields_do_not() -> None:
    body = (
        "<w:p><w:r><w:t>Pay </w:t></w:r><w:ins><w:r><w:t>ten</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>five</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:br/><w:t>euro</w:t></w:r></w:p>"
    )
    assert read("docx", made(body))[0]["text"] == "Pay ten\neuro"


def test_text_in_content_controls_and_footnotes_is_read() -> None:
    body = "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    inner = "<w:footnote><w:p><w:r><w:t>See there</w:t></w:r></w:p></w:footnote>"
    note = f'<w:footnotes xmlns:w="{W}">{inner}</w:footnotes>'
    assert read("docx", made(body, footnotes=note))[0]["text"] == "In a box\n\nSee there"


def test_the_first_heading_is_the_title_when_nothing_else_is() -> None:
    body = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>'
    assert read("docx", made(body))[0] == {"text": "# Plan", "title": "Plan"}


def test_an_xml_bomb_is_refused_at_once() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "&a;" * 10}">' for n in range(12)
    )
    body = "<w:p><w:r><w:t>&a11;</w:t></w:r></w:p>"
    (error,) = read("docx", made(body, prolog=f"{bomb}]>"))
    assert isinstance(error, FileError)


def test_an_external_entity_is_never_fetched() -> None:
    prolog = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    (error,) = read("docx", made("<w:p><w:r><w:t>&a;</w:t></w:r></w:p>", prolog=prolog))
    assert "defines entities" in str(error)


@pytest.mark.parametrize("data", [b"PK\x03\x04junk", b"", b"words", minutes()[:3000]])
def test_what_is_broken_is_malformed(data: bytes) -> None:
    (error,) = read("docx", data)
    assert isinstance(error, FileError)


def test_deep_nesting_is_no_crash() -> None:
    body = "<w:sdt>" * 5000 + "<w:p><w:r><w:t>x</w:t></w:r></w:p>" + "</w:sdt>" * 5000
    (found,) = read("docx", made(body))
    assert isinstance(found, FileError) or found["text"] in {"", "x"}
