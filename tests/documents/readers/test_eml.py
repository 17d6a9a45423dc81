from __future__ import annotations

import io
from email.message import EmailMessage

import docx
import pytest
from reading import read
from reportlab.pdfgen import canvas

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.parsing import all_items
from ai_catalyst.documents.readers.eml import read_mail_alone
from ai_catalyst.documents.readers.registry import reader_of
from ai_catalyst.errors import FileError


def mail(text: str | None = "Hello Bob", html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Größe of the boards"
    message["From"] = "Ann Example <ann@example.com>"
    message["To"] = "bob@example.com, carl@example.com"
    message["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    message["Message-ID"] = "<1@example.com>"
    if text is not None:
        message.set_content(text)
    if html is not None and text is None:
        message.set_content(html, subtype="html")
    elif html is not None:
        message.add_alternative(html, subtype="html")
    return message


def pdf(words: str) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out)
    sheet.drawString(72, 700, words)
    sheet.save()
    return out.getvalue()


def test_headers_and_text_are_read() -> None:
    (data,) = read("eml", mail().as_bytes())
    assert data == {
        "text": "Hello Bob",
        "subject": "Größe of the boards",
        "from": "Ann Example <ann@example.com>",
        "to": "bob@example.com, carl@example.com",
        "date": "2024-03-05T10:00:00+01:00",
        "message_id": "<1@example.com>",
        "title": "Größe of the boards",
        "author": "Ann Example <ann@example.com>",
    }


def test_the_plain_part_is_preferred_and_html_is_made_text() -> None:
    assert read("eml", mail("plain", "<p>rich</p>").as_bytes())[0]["text"] == "plain"
    (data,) = read("eml", mail(None, "<p>One</p><ul><li>two</li></ul>").as_bytes())
    assert data["text"].replace("\n\n", "\n") == "One\n- two"


def test_a_body_in_an_old_charset_is_read() -> None:
    raw = (
        b"From: a@example.com\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\nTo: b@example.com\n"
        b"Content-Type: text/plain; charset=iso-8859-1\n\nSch\xf6ne Gr\xfc\xdfe\n"
    )
    (data,) = read("eml", raw)
    assert (data["subject"], data["text"]) == ("Grüße", "Schöne Grüße")


def test_attachments_are_listed_and_what_can_be_read_is_read() -> None:
    message = mail("See attached.")
    message.add_attachment(
        pdf("The offer"), maintype="application", subtype="pdf", filename="o.pdf"
    )
    document = docx.Document()
    document.add_paragraph("The minutes")
    out = io.BytesIO()
    document.save(out)
    octets = {"maintype": "application", "subtype": "octet-stream"}
    message.add_attachment(out.getvalue(), filename="m.docx", **octets)
    message.add_attachment(b"a,b\n1,2\n", filename="t.csv", **octets)
    message.add_attachment(
        b"\x89PNG" + bytes(99), maintype="image", subtype="png", filename="p.png"
    )
    message.add_attachment(b"\x00\x01\x02" * 99, filename="x.bin", **octets)
    message.add_attachment(b"", filename="nothing.txt", **octets)
    (data,) = read("eml", message.as_bytes())
    assert data["text"].startswith("See attached.\n\n[Attachment: o.pdf]\nThe offer\n\n")
    assert "[Attachment: m.docx]\nThe minutes" in data["text"]
    assert "[Attachment: t.csv]\na: 1 | b: 2" in data["text"]
    assert [(entry["name"], entry["read"]) for entry in data["attachments"]] == [
        ("o.pdf", True),
        ("m.docx", True),
        ("t.csv", True),
        ("p.png", False),
        ("x.bin", False),
        ("nothing.txt", False),
    ]
    assert "binary" in data["attachments"][4]["error"]


def test_a_forwarded_mail_is_read_and_endless_ones_are_not() -> None:
    message = mail("the first")
    for n in range(6):
        outer = mail(f"forward {n}")
        outer.add_attachment(message)
        message = outer
    (data,) = read("eml", message.as_bytes())
    assert "forward 5" in data["text"]
    assert "forward 3" in data["text"]
    assert "the first" not in data["text"]


def test_what_killed_a_worker_is_read_without_attachments() -> None:
    assert reader_of("eml").rescue is read_mail_alone
    message = mail("Body")
    message.add_attachment(pdf("poison"), maintype="application", subtype="pdf", filename="o.pdf")
    (data,) = all_items(read_mail_alone, Blob("f", data=message.as_bytes()))
    assert data["text"] == "Body"
    assert data["attachments"][0]["read"] is False


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@example.com\nSubject: x\nDate: never\nTo: y\n\nBody",
        b"From: =?bad?q?x?=\nTo: " + b"<" * 2000 + b"\nSubject: \x00\xff\n\nBody",
        b"From: a\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nBody\n--y",
        b"From: a\nContent-Type: text/plain; charset=nonsense\n\nBody",
        b"From x@example.com Tue Mar\nFrom: a\nTo: b\nSubject: c\n\nBody",
    ],
)
def test_ill_formed_mails_still_give_their_text(raw: bytes) -> None:
    (data,) = read("eml", raw)
    assert "Body" in data["text"]


def test_what_has_no_header_of_a_mail_is_none() -> None:
    (error,) = read("eml", b"just words\nand more")
    assert isinstance(error, FileError)


def test_names_of_attachments_are_made_safe() -> None:
    message = mail("x")
    message.add_attachment(b"hi", maintype="text", subtype="plain", filename="a\x1b[31m.txt")
    (data,) = read("eml", message.as_bytes())
    assert data["attachments"][0]["name"].isprintable()
