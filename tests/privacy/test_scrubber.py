"""The scrubber finds personal data and takes it out."""

import pickle

import pytest

from ai_catalyst.privacy import Scrubber

SCRUBBER = Scrubber()


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("John called 555-1234", "<NAME> called <PHONE>"),
        ("Email: jane@example.com", "Email: <EMAIL>"),
        ("John Smith", "<NAME>"),
        ("Card 4111 1111 1111 1111.", "Card <CREDIT_CARD>."),
        ("IBAN GB82 WEST 1234 5698 7654 32", "IBAN <IBAN>"),
        ("SSN 123-45-6789", "SSN <SSN>"),
        ("from 192.0.2.17 and 2001:db8::17", "from <IP> and <IP>"),
        ("See https://example.com/a?b=c.", "See <URL>."),
        ("Born on 4 March 1981 or 1981-03-04", "Born on <DATE> or <DATE>"),
    ],
)
def test_personal_data_gives_way_to_the_name_of_its_kind(text, scrubbed):
    assert SCRUBBER.scrub(text) == scrubbed


def test_a_scrubbed_text_is_a_str_that_remembers_its_findings():
    text = "John called 555-1234"
    scrubbed = SCRUBBER.scrub(text)
    assert isinstance(scrubbed, str)
    assert [text[f.start : f.end] for f in scrubbed.findings] == [f.text for f in scrubbed.findings]
    assert scrubbed.counts == {"NAME": 1, "PHONE": 1}
    copy = pickle.loads(pickle.dumps(scrubbed))
    assert (copy, copy.findings, copy.strategy) == (scrubbed, scrubbed.findings, "regex")


def test_a_finding_does_not_show_its_text_in_its_representation():
    assert "jane" not in repr(SCRUBBER.detect("jane@example.com"))


def test_allowed_texts_stay_and_denied_texts_go():
    scrubber = Scrubber(allow=["help@example.com"], deny=["Project Falcon"])
    scrubbed = scrubber.scrub("help@example.com on project falcon, a@example.com")
    assert scrubbed == "help@example.com on <PRIVATE>, <EMAIL>"
