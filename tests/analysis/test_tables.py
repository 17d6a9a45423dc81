"""Claims about tables told in figures."""

from __future__ import annotations

from ai_catalyst.analysis.extractive import extract
from ai_catalyst.analysis.tables import read_table

TABLE = """date | field | depth | mail
2026-04-01 | River meadow | 10 | a@example.com
2026-04-01 | Hill clay | 40 | b@example.com
2026-04-22 | River meadow | 12.5 | c@example.com
… and 997 more rows"""


def test_a_table_is_told_by_size_columns_and_ranges() -> None:
    analysis = extract(TABLE)
    assert analysis.summary == "A table of 1,000 rows and 4 columns: date, field, depth, mail."
    assert analysis.key_points == [
        "date: from 2026-04-01 to 2026-04-22.",
        "field: River meadow (2), Hill clay (1).",
        "depth: from 10 to 40, 3 values.",
    ]
    assert analysis.topics == ["River meadow", "Hill clay"]
    assert analysis.partial


def test_columns_of_personal_data_are_not_told() -> None:
    assert "example.com" not in str(extract(TABLE).to_dict())


def test_a_markdown_table_is_a_table_and_prose_is_not() -> None:
    assert read_table("| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |") is not None
    assert read_table("One line.\nAnother line.\nA third | line.") is None
    assert read_table("") is None
    assert read_table("a | b") is None
