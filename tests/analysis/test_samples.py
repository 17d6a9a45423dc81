"""Claims about the bundled sample corpus."""

from __future__ import annotations

import importlib.util
import re
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest

from ai_catalyst.analysis.extractive import extract

SAMPLES = Path(str(files("ai_catalyst") / "samples"))
MAKER = Path(__file__).resolve().parents[1] / "make_samples.py"
TEXTS = sorted(path for path in SAMPLES.iterdir() if path.suffix not in {".pdf", ".docx"})


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", MAKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_corpus_is_small_and_of_many_kinds() -> None:
    found = list(SAMPLES.iterdir())
    assert 12 <= len(found) <= 16
    assert sum(path.stat().st_size for path in found) < 500_000
    kinds = {path.suffix for path in found}
    assert kinds >= {".xml", ".html", ".pdf", ".docx", ".csv", ".jsonl", ".eml", ".md", ".txt"}


def test_samples_at_the_root_are_the_bundled_ones() -> None:
    assert (MAKER.parents[1] / "samples").resolve() == SAMPLES.resolve()


def test_the_binary_files_are_what_the_script_makes_of_its_texts(maker: ModuleType) -> None:
    pdfium = pytest.importorskip("pypdfium2")

    def pages(data: bytes) -> list[str]:
        document = pdfium.PdfDocument(data)
        found = [page.get_textpage().get_text_bounded() for page in document]
        document.close()
        return found

    for name, make in maker.MADE_FILES.items():
        if name.endswith(".pdf"):
            assert pages(make()) == pages((SAMPLES / name).read_bytes())
    assert maker.invoice() == maker.invoice()
    assert maker.minutes() == maker.minutes()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_everybody_in_the_corpus_is_invented(path: Path) -> None:
    text = path.read_text("utf-8")
    for domain in re.findall(r"@([\w.-]+\.\w+)", text):
        assert re.search(r"(^|\.)example\.(com|org|net)$", domain), domain
    for host in re.findall(r"https?://([\w.-]+)", text):
        if host not in {"www.w3.org", "purl.org"}:
            assert re.search(r"(^|\.)example\.(com|org|net)$", host), host
    for number in re.findall(r"\b555-(\d{4})\b", text):
        assert number.startswith("01")


def test_the_german_note_is_worth_reading_in_german() -> None:
    analysis = extract((SAMPLES / "gartenprojekt.txt").read_text("utf-8"))
    assert analysis.language == "de"
    assert "Annegret Söllner" in analysis.entities["people"]
    assert "DE89" not in str(analysis.to_dict())
