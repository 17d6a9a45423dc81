"""Records keep their shape; the names of their fields say what is in them."""

from datetime import date

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


def test_names_of_fields_that_are_somebody_s_own_go_and_stay_apart():
    record = {"jane@example.com": 1, "bob@example.com": 2, "first_name": "xq", "Total Amount": 3}
    assert RecordScrubber(SCRUBBER).scrub(record) == {
        "<EMAIL>": 1,
        "<EMAIL> 2": 2,
        "first_name": "<NAME>",
        "Total Amount": 3,
    }


def test_a_long_number_in_any_field_goes_by_its_check_digit_and_others_stay():
    scrubbed = RecordScrubber(SCRUBBER).scrub({"ref": 4111111111111111, "views": 4111111111111112})
    assert scrubbed == {"ref": "<CREDIT_CARD>", "views": 4111111111111112}


def test_a_date_in_a_field_of_birth_goes_and_another_keeps_its_type():
    day = date(1981, 3, 4)
    scrubbed = RecordScrubber(SCRUBBER).scrub({"date_of_birth": day, "shipped": day})
    assert scrubbed == {"date_of_birth": "<DATE>", "shipped": day}
