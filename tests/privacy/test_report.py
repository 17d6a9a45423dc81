"""The report shows what was found and is safe to open."""

from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.report import Shown, html_report

TEXT = "<script>alert(1)</script> Mail jane@example.com\u202e now & then"


def page(**options):
    return html_report([Shown("<b>a.txt", TEXT, Scrubber(ner=False).detect(TEXT))], **options)


def test_findings_are_marked_and_counted():
    assert '<mark data-kind="EMAIL" title="email, 0.99">jane@example.com</mark>' in page()
    assert "1 findings" in page()


def test_nothing_of_a_text_becomes_markup():
    assert "<script" not in page()
    assert "<b>a.txt" not in page()
    assert "\u202e" not in page()
    assert "default-src 'none'" in page()


def test_a_hidden_report_shows_kinds_and_no_values():
    assert "jane" not in page(hidden=True)
    assert "&lt;EMAIL&gt;" in page(hidden=True)
