"""The report shows what was found and is safe to open."""

from ai_catalyst.privacy import Finding, Scrubber
from ai_catalyst.privacy.report import Shown, html_report

TEXT = "<script>alert(1)</script> Mail jane@example.com\u202e now & then"


def page(**options):
    return html_report([Shown("<b>a.txt", TEXT, Scrubber(ner=False).detect(TEXT))], **options)


def test_findings_are_marked_and_counted():
    assert '<mark data-kind="EMAIL" title="email, 0.99">jane@example.com</mark>' in page()
    assert "<dt>Found and replaced</dt><dd>1, 0 of them unsure (dotted)</dd>" in page()
    assert "<td>email (1)</td>" in page()


def test_what_is_unsure_is_marked_and_the_head_says_how_it_was_made():
    unsure = html_report([Shown("a", "Anna", [Finding("NAME", 0, 4, "Anna", 0.5, "crf")])])
    assert '<mark class=unsure data-kind="NAME" title="crf, 0.50">Anna</mark>' in unsure
    assert "1, 1 of them unsure" in unsure
    assert "<td>small model (1)</td>" in unsure
    assert "<dt>Preset</dt><dd>strict &amp; so on</dd>" in page(facts={"Preset": "strict & so on"})


def test_nothing_of_a_text_becomes_markup():
    assert "<script" not in page()
    assert "<b>a.txt" not in page()
    assert "\u202e" not in page()
    assert "default-src 'none'" in page()


def test_a_hidden_report_shows_kinds_and_no_values():
    assert "jane" not in page(hidden=True)
    assert "&lt;EMAIL&gt;" in page(hidden=True)
