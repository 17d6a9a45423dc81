"""Tables of pandas, polars and pyarrow keep their shape and types and lose what is personal."""

from __future__ import annotations

from typing import Any

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.privacy import Scrubber, Vault
from ai_catalyst.privacy.records import RecordScrubber

SCRUBBER = Scrubber(ner=False)
COLUMNS: dict[str, list[Any]] = {
    "first_name": ["Jane", "Xq", None],
    "note": ["call 555-1234", "nothing", "write to jane@example.org"],
    "price": [1.5, 2.5, 3.5],
    "ssn": [123456789, 123456780, 123456781],
    "done": [True, False, True],
}
CLEAN = {
    **COLUMNS,
    "first_name": ["<NAME>", "<NAME>", None],
    "note": ["call <PHONE>", "nothing", "write to <EMAIL>"],
    "ssn": ["<SSN>"] * 3,
}


def test_a_pandas_table_keeps_order_index_and_the_types_of_clean_columns() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS, index=[3, 1, 2])
    before = frame.copy()
    clean = RecordScrubber(SCRUBBER).scrub_table(frame)
    assert list(clean.columns) == list(COLUMNS)
    assert list(clean.index) == [3, 1, 2]
    for name, values in CLEAN.items():
        column = clean[name]
        assert column[column.notna()].tolist() == [value for value in values if value is not None]
    assert clean["first_name"].isna().tolist() == [False, False, True]
    for name in ("price", "done", "note"):
        assert clean[name].dtype == frame[name].dtype
    pandas.testing.assert_frame_equal(frame, before)  # what was given is as it was


def test_dates_of_birth_categories_and_row_labels_of_pandas_go_too() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "date_of_birth": pandas.to_datetime(["1981-03-04", None]),
            "ordered": pandas.to_datetime(["2024-01-01", "2024-01-02"]),
            "surname": pandas.Categorical(["Roe", "Doe"]),
        },
        index=pandas.Index(["jane@example.org", "x"], name="email"),
    )
    clean = RecordScrubber(SCRUBBER).scrub_table(frame)
    assert clean["date_of_birth"].tolist()[0] == "<DATE>"
    assert pandas.isna(clean["date_of_birth"].iloc[1])
    assert clean["ordered"].equals(frame["ordered"].set_axis(clean.index))
    assert clean["surname"].tolist() == ["<NAME>", "<NAME>"]
    assert clean["surname"].dtype == "category"
    assert clean.index.tolist()[0] == "<EMAIL>"
    assert clean.index.name == "email"


def test_pandas_columns_that_share_a_name_and_are_named_after_people_are_no_obstacle() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        [["jane@example.org", "b", 1]], columns=["mail", "mail", "roe@example.org"]
    )
    clean = RecordScrubber(SCRUBBER).scrub_table(frame)
    assert list(clean.columns) == ["mail", "mail", "<EMAIL>"]
    assert clean.iloc[0, 0] == "<EMAIL>"


def test_a_pandas_column_votes_and_a_vault_brings_it_back() -> None:
    pandas = pytest.importorskip("pandas")
    names = ["Anna Berg", "John Smith", "Maria Rossi", "the boss"]
    vault = Vault()
    clean = RecordScrubber(SCRUBBER, vault).scrub_table(pandas.DataFrame({"who": names}))
    assert all(value.startswith("<NAME_") for value in clean["who"])
    assert [vault.restore(value) for value in clean["who"]] == names


def test_a_pyarrow_table_keeps_its_schema_where_nothing_was_found() -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(COLUMNS)
    clean = RecordScrubber(SCRUBBER).scrub_table(table)
    assert clean.to_pydict() == CLEAN
    for name in ("price", "done", "note"):
        assert clean.schema.field(name).type == table.schema.field(name).type


def test_a_polars_table_keeps_its_schema_where_nothing_was_found() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(COLUMNS)
    clean = RecordScrubber(SCRUBBER).scrub_table(frame)
    assert clean.to_dict(as_series=False) == CLEAN
    for name in ("price", "done", "note"):
        assert clean.schema[name] == frame.schema[name]


def test_what_is_no_table_is_refused_by_its_type() -> None:
    with pytest.raises(UserError, match="dict"):
        RecordScrubber(SCRUBBER).scrub_table({"a": [1]})
