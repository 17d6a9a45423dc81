"""Records keep their shape; the names of their fields say what is in them."""

import pytest

from ai_catalyst.privacy import Scrubber, Vault
from ai_catalyst.privacy.records import RecordScrubber, field_kind

SCRUBBER = Scrubber(ner=False)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("first_name", ("NAME", True)),
        ("firstName", ("NAME", True)),
        ("Customer E-Mail", ("EMAIL", True)),
        ("phone_number", ("PHONE", True)),
        ("Geburtsdatum", ("DATE", True)),
        ("name", ("NAME", False)),
        ("price", None),
    ],
)
def test_a_field_s_name_says_its_kind(name, kind):
    assert field_kind(name) == kind


def test_types_and_layout_stay():
    record = {"id": 7, "ok": True, "none": None, "first_name": "xq", "tags": ["a@example.com", 3.5]}
    assert RecordScrubber(SCRUBBER).scrub(record) == {
        "id": 7,
        "ok": True,
        "none": None,
        "first_name": "<NAME>",
        "tags": ["<EMAIL>", 3.5],
    }


def test_a_number_in_a_field_that_is_somebody_s_goes():
    scrubber = RecordScrubber(SCRUBBER)
    assert scrubber.scrub({"ssn": 123456789, "count": 5}) == {"ssn": "<SSN>", "count": 5}
    assert scrubber.counts == {"SSN": 1}


def test_a_column_votes_on_what_it_holds():
    rows = [{"who": name} for name in ("Anna Berg", "John Smith", "Maria Rossi", "the boss")]
    scrubber = RecordScrubber(SCRUBBER)
    scrubber.learn(rows)
    assert [scrubber.scrub(row)["who"] for row in rows] == ["<NAME>"] * 4


def test_with_a_vault_records_come_back():
    vault = Vault()
    record = {"patient": {"name": "John Smith", "mail": "jane@example.com"}, "note": "John Smith"}
    hidden = RecordScrubber(SCRUBBER, vault).scrub(record)
    assert "John" not in str(hidden)
    assert vault.restore_value(hidden) == record
