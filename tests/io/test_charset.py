"""Text comes out as its author wrote it, whatever was declared where."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.io.charset import codec_name, sniff_charset


@pytest.mark.parametrize(
    ("body", "declared", "text"),
    [
        ("grün".encode(), None, "grün"),
        ("grün".encode(), "utf-8", "grün"),
        ("grün".encode("latin-1"), None, "grün"),
        ("grün".encode("latin-1"), "utf-8", "grün"),
        ("grün".encode("latin-1"), "ISO-8859-1", "grün"),
        ("“grün” €".encode("cp1252"), "iso-8859-1", "“grün” €"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        ("привет".encode("cp1251"), '"windows-1251"', "привет"),
        ("日本".encode("shift_jis"), "x-sjis", "日本"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        ("한국어".encode("euc-kr"), "euc-kr", "한국어"),
        (b'<META charset="koi8-r">' + "привет".encode("koi8-r"), None, "привет"),
        (
            b"<meta http-equiv=content-type content='text/html; charset=windows-1251'>"
            + "привет".encode("cp1251"),
            "utf-8",
            "привет",
        ),
        (
            b"<?xml version='1.0' encoding='ISO-8859-2'?>" + "łódź".encode("iso-8859-2"),
            None,
            "łódź",
        ),
        (codecs.BOM_UTF8 + "grün".encode(), "iso-8859-1", "grün"),
        ("grün".encode("utf-16"), None, "grün"),
        (codecs.BOM_UTF16_BE + "grün".encode("utf-16-be"), "utf-8", "grün"),
        ("grün".encode("utf-16-le"), "utf-16le", "grün"),
        (b'<meta charset="utf-16">' + "grün".encode(), None, "grün"),
        ("grün".encode(), "utf-16", "grün"),
        ("grün".encode(), "no-such-set", "grün"),
        (b"", "utf-8", ""),
    ],
)
def test_the_charset_that_was_meant_is_found(body, declared, text):
    decoded = body.decode(sniff_charset(body, declared), "replace")
    assert decoded.endswith(text)
    assert not decoded.startswith("\ufeff")


@pytest.mark.parametrize(
    "label", ["rot13", "zip", "base64", "idna", "unicode_escape", "utf-7", "\0", "", None, "é"]
)
def test_a_label_that_would_turn_bytes_into_something_else_is_no_charset(label):
    assert codec_name(label) is None


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_can_be_decoded(body, declared):
    body.decode(sniff_charset(body, declared), "replace")


def test_a_letter_cut_at_the_border_of_what_is_looked_at_harms_nothing():
    assert sniff_charset(("a" * 65535 + "ü" * 10).encode()) == "utf-8"


def test_a_declaration_far_down_is_not_looked_for():
    assert sniff_charset(b" " * 5000 + b'<meta charset="koi8-r">') == "utf-8"
