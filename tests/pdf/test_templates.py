"""Claims about suppliers' templates in the format invoice2data reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.pdf.classic import ClassicExtractor, pages_of
from ai_catalyst.pdf.model import PageText, Word
from ai_catalyst.pdf.templates import fill, load_templates
from ai_catalyst.pdf.templates.load import template_of

TEXT = """\
ACME Widgets    Customer 77
Invoice 2024-5  of 3. Mai 2024
Item         Discount     Price
Blue lamp       0.0 %     42.00
  made of tin
Red lamp       10.0 %     37.80
                Total     79.80
VAT 10%: 1,50   VAT 20%: 4,00
Stay        Check In      Nights
Room 7      31/12/2017    2
Booking
"""
BASE: dict[str, Any] = {
    "issuer": "ACME",
    "keywords": ["ACME", r"Invoice\s+2024"],
    "fields": {
        "amount": r"Total\s+(\d+\.\d\d)",
        "date": r"of (\d+\. \w+ \d{4})",
        "invoice_number": r"Invoice (\S+)",
    },
    "options": {"currency": "EUR", "date_formats": ["%d/%m/%Y"]},
}


def filled(text: str = TEXT, **changes: Any) -> Any:
    fields = {**BASE["fields"], **changes.pop("fields", {})}
    return fill([template_of({**BASE, "fields": fields, **changes}, "acme.yml")], pages_of(text))


def data(**changes: Any) -> dict[str, Any]:
    return dict(filled(**changes).data)


def test_a_minimal_template_reads_typed_values() -> None:
    assert data() == {
        "issuer": "ACME",
        "amount": 79.8,
        "date": "2024-05-03",
        "invoice_number": "2024-5",
        "currency": "EUR",
        "desc": "Invoice from ACME",
    }


def test_all_keywords_must_be_there_and_no_excluded_one() -> None:
    assert filled(keywords=["ACME", "Nobody"]) is None
    assert filled(exclude_keywords=["Total"]) is None
    assert filled(exclude_keywords=["Already paid"]) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"static_vat": "FR1"}, {"vat": "FR1"}),
        ({"vat": {"parser": "static", "value": "FR1"}}, {"vat": "FR1"}),
        ({"amount_first": r"Price\s+.*?(\d+\.\d\d)"}, {"amount_first": 42.0}),
        ({"n": {"parser": "regex", "regex": r"Customer (\d+)", "type": "int"}}, {"n": 77}),
        ({"n": {"parser": "regex", "regex": r"Customer (\d+)"}}, {"n": "77"}),
        ({"prices": r"%\s+(\d+\.\d\d)"}, {"prices": ["42.00", "37.80"]}),
        ({"lamp": {"regex": r"(\w+) lamp", "group": "last"}}, {"lamp": "Red"}),
        ({"lamp": {"regex": r"(\w+) lamp", "group": "join"}}, {"lamp": "Blue Red"}),
        (
            {"top": {"parser": "regex", "regex": r"%\s+(\S+)", "type": "float", "group": "max"}},
            {"top": 42.0},
        ),
        (
            {"low": {"parser": "regex", "regex": r"%\s+(\S+)", "type": "float", "group": "min"}},
            {"low": 37.8},
        ),
        ({"words": r"(Blue) (lamp)"}, {"words": "Blue lamp"}),
        ({"missing": "never (there)"}, {}),
    ],
)
def test_each_kind_of_field_gives_its_value(field: dict[str, Any], value: dict[str, Any]) -> None:
    got = data(fields=field)
    names = [name.removeprefix("static_") for name in field]
    assert {name: got[name] for name in names if name in got} == value


def test_sums_add_what_each_regex_finds_with_the_decimal_sign_of_the_options() -> None:
    got = data(
        fields={"sum_amount_tax": [r"VAT 10%: (\d+,\d\d)", r"VAT 20%: (\d+,\d\d)"]},
        options={"decimal_separator": ","},
    )
    assert got["amount_tax"] == 5.5


def test_lines_are_rows_between_two_marks() -> None:
    rule = {
        "parser": "lines",
        "start": r"Item\s+Discount\s+Price\n",
        "end": r"\s+Total",
        "line": r"(?P<name>\w+ lamp)\s+(?P<discount>\d+\.\d+)\s+%\s+(?P<price>\d+\.\d+)",
        "types": {"discount": "float", "price": "float"},
    }
    rows = [
        {"name": "Blue lamp", "discount": 0.0, "price": 42.0},
        {"name": "Red lamp", "discount": 10.0, "price": 37.8},
    ]
    assert data(fields={"lines": rule})["lines"] == rows
    del rule["parser"]
    assert data(lines=rule)["lines"] == rows


def test_rows_of_several_lines_join_what_comes_again() -> None:
    rule = {
        "start": "Price",
        "end": "Total",
        "first_line": r"^(?P<name>\S+ lamp)",
        "line": r"^\s+(?P<name>made.*)$",
    }
    assert data(lines=rule)["lines"] == [{"name": "Blue lamp\nmade of tin"}, {"name": "Red lamp"}]


def test_a_last_line_ends_a_row_and_skipped_lines_are_nobodys() -> None:
    text = "ACME Invoice 2024\nbegin\na 1\npage 2\nb 2\nend\nc 3\nend\nstop"
    rule = {
        "start": "begin",
        "end": "stop",
        "line": r"(?P<what>\w \d)",
        "last_line": "(?P<what>end)",
        "skip_line": [r"page \d"],
    }
    assert data(text=text, lines=rule)["lines"] == [{"what": "a 1\nb 2\nend"}, {"what": "c 3\nend"}]


def test_what_stands_between_two_rows_is_nobodys() -> None:
    text = "ACME Invoice 2024\nbegin\nfoot\n* a\nmore\nend\nfoot\n* b\nend\nstop"
    rule = {
        "start": "begin",
        "end": "stop",
        "first_line": r"\* (?P<what>.*)",
        "line": "(?P<what>.*)",
        "last_line": "(?P<last>end)",
    }
    assert data(text=text, lines=rule)["lines"] == [
        {"what": "a\nmore", "last": "end"},
        {"what": "b", "last": "end"},
    ]


def test_notes_of_ones_own_in_a_template_are_borne() -> None:
    assert filled(country_code="DE", author="Jane") is not None


def test_rules_of_lines_are_read_one_after_the_other() -> None:
    rule = {
        "parser": "lines",
        "rules": [
            {"start": "Item", "end": "Total", "line": "(?P<red>Red) lamp"},
            {"start": "Item", "end": "Total", "line": "(?P<blue>Blue) lamp"},
        ],
    }
    assert data(fields={"lines": rule})["lines"] == [{"red": "Red"}, {"blue": "Blue"}]


def test_tables_give_fields_below_their_headings() -> None:
    table = {
        "start": r"Stay\s+Check In\s+Nights",
        "end": "Booking",
        "body": r"(?P<room>Room \d)\s+(?P<date_in>\S+)\s+(?P<nights>\d+)",
        "types": {"nights": "int"},
    }
    got = data(tables=[table])
    assert (got["room"], got["date_in"], got["nights"]) == ("Room 7", "2017-12-31", 2)


@pytest.mark.parametrize(
    ("options", "pattern", "value"),
    [
        ({"remove_whitespace": True}, r"ACMEWidgetsCustomer(\d+)", "77"),
        ({"lowercase": True}, r"blue (lamp)", "lamp"),
        ({"remove_accents": True}, r"ACME (Widgets)", "Widgets"),
        ({"replace": [["Widgets", "Gadgets"]]}, r"ACME (G\w+)", "Gadgets"),
    ],
)
def test_options_change_the_text_before(options: dict[str, Any], pattern: str, value: str) -> None:
    assert data(fields={"it": pattern}, options=options)["it"] == value


def test_the_highest_priority_that_is_complete_wins() -> None:
    def one(issuer: str, priority: int, **more: Any) -> Any:
        return template_of({**BASE, "issuer": issuer, "priority": priority, **more}, issuer)

    pages = pages_of(TEXT)
    assert fill([one("low", 1), one("high", 9)], pages).data["issuer"] == "high"
    lacking = one("lacking", 9, required_fields=["nowhere"])
    assert fill([one("low", 1), lacking], pages).data["issuer"] == "low"
    alone = fill([lacking], pages)
    assert alone is not None
    assert not alone.complete


def test_an_area_reads_only_its_part_of_the_page() -> None:
    words = (
        Word("Invoice", (10, 10, 50, 20)),
        Word("A-1", (60, 10, 80, 20)),
        Word("Invoice", (300, 10, 350, 20)),
        Word("B-2", (360, 10, 380, 20)),
    )
    page = PageText(1, "", "ACME Invoice 2024", words=words)
    area = {"f": 1, "l": 1, "x": 600, "y": 0, "r": 144, "W": 300, "H": 100}
    rule = {"parser": "regex", "regex": r"Invoice (\S+)", "area": area}
    template = template_of({**BASE, "fields": {"invoice_number": rule}}, "acme.yml")
    found = fill([template], [page])
    assert found is not None
    assert found.data["invoice_number"] == "B-2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keywords": None}, "keywords are missing"),
        ({"keywords": ["(a"]}, "keywords: broken pattern"),
        ({"keyword": 1}, "unknown key 'keyword'; did you mean 'keywords'"),
        ({"fields": {"x": "(a"}}, "field 'x': broken pattern '(a'"),
        ({"fields": {"x": {"parser": "regx"}}}, "did you mean 'regex'"),
        ({"fields": {"x": {"parser": "regex"}}}, "its regex is missing"),
        ({"fields": {"x": {"regex": "a", "type": "money"}}}, "'money' is unknown"),
        ({"fields": {"x": {"regex": "a", "group": "all"}}}, "'all' is unknown"),
        ({"fields": {"x": {"regex": "a", "area": {"q": 1}}}}, "area is a mapping"),
        ({"fields": ["x"]}, "fields is a mapping"),
        ({"lines": {"start": "a", "line": "b"}}, "its end is missing"),
        ({"lines": {"start": "a", "end": "b"}}, "its line is missing"),
        ({"tables": [{"start": "a", "end": "b"}]}, "its body is missing"),
        ({"tables": ["x"]}, "a table is a mapping"),
        ({"options": "EUR"}, "options is a mapping"),
        ({"options": {"replace": ["a"]}}, "each entry is a pattern"),
        ({"priority": "high"}, "priority is a whole number"),
    ],
)
def test_what_is_wrong_with_a_template_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        template_of({**BASE, **change}, "acme.yml")
    assert said in str(caught.value)
    assert "acme.yml" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yml", b"a: b: c", "line 1"),
        ("a.yml", b"\xff\xfe\x00", "not UTF-8"),
        ("a.yml", b"just words", "a template is a mapping"),
        ("a.json", b"{", "Expecting"),
        ("a.yml", b"#" * (2**20 + 1), "larger than"),
    ],
)
def test_a_bad_file_in_a_folder_is_named(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        ClassicExtractor(tmp_path)
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_folders_are_searched_through_and_missing_ones_named(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "acme.yaml").write_text("keywords: ACME\nfields: {}", "utf-8")
    (tmp_path / "acme.json").write_text('{"keywords": "ACME", "fields": {}}', "utf-8")
    (tmp_path / "notes.txt").write_text("not a template", "utf-8")
    assert [each.issuer for each in load_templates(tmp_path)] == ["ACME", "ACME"]
    with pytest.raises(UserError, match="no template file or folder"):
        load_templates(tmp_path / "nowhere")


def test_a_runaway_pattern_names_template_and_field() -> None:
    with pytest.raises(ProcessingError, match=r"template 'acme.yml', field 'x'"):
        filled("ACME Invoice 2024" + "a" * 5_000 + "b", fields={"x": "(a|aa|aaa)+$"})


def test_a_template_goes_before_the_rules_and_they_fill_what_it_leaves_open() -> None:
    extractor = ClassicExtractor([template_of(BASE, "acme.yml")])
    wanted = ["total", "invoice_number", "customer_number", "currency", "issuer"]
    text = TEXT + "Customer no: 4711\nGrand Total: 1.00"
    assert extractor.extract(text, wanted) == {
        "total": 79.8,
        "invoice_number": "2024-5",
        "customer_number": "4711",
        "currency": "EUR",
        "issuer": "ACME",
    }


async def test_what_a_template_reads_shows_its_place() -> None:
    extractor = ClassicExtractor([template_of(BASE, "acme.yml")])
    extraction = await extractor.extract_pages(pages_of(TEXT), ["total", "issuer"])
    assert extraction.evidence["total"].quote == "79.80"
    assert extraction.evidence["total"].source == "template:ACME"
    assert extraction.evidence["total"].page == 1
