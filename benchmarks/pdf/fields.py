"""Fields out of invoices by rules: with suppliers' templates, and without any.

``python -m benchmarks.pdf.fields [--invented 20] [--seed 1] [--missed] [--templates FOLDER]
[--peer PYTHON]``; PYTHON is the interpreter of a virtual environment that has invoice2data, which
then reads the same invoices with the same templates.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.pdf.invented import invoices

from ai_catalyst.pdf.classic import ClassicExtractor, read_fields
from ai_catalyst.pdf.processor import AsyncPDFProcessor
from ai_catalyst.pdf.rules.names import LEGAL
from ai_catalyst.pdf.schema import Schema

TEMPLATES = Path(__file__).parent / "templates"
FREE = ("invoice_number", "date", "total", "currency", "issuer", "vat_id", "iban")
EVERY = (*FREE, "due_date", "net", "tax", "customer", "items")
_NAMES = {"amount": "total", "amount_untaxed": "net", "vat": "vat_id", "gstin": "vat_id"}


def data_folder() -> Path:
    """Return the folder of shared test documents."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("CATALYST_TEST_DATA", default)) / "pdf" / "invoices"


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same: to the cent, and but for spaces, case and ``#``."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) < 0.005
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return _plain(one) == _plain(other)


def _plain(value: Any) -> str:
    return "".join(str(value).split()).casefold().lstrip("#")


def same_firm(one: Any, other: Any) -> bool:
    """Whether two names mean the same firm: alike but for legal form and punctuation.

    A name that begins with the other counts: some expected ones say more than is in the document.
    """

    def plain(name: Any) -> str:
        bare = LEGAL.sub(" ", f"{name} ")
        return "".join(char for char in bare.casefold() if char.isalnum())

    names = sorted((plain(one), plain(other)), key=len)
    return names[0] == names[1] or (len(names[0]) > 5 and names[1].startswith(names[0]))


PEER = """
import importlib, json, shutil, sys
from pathlib import Path
from invoice2data import extract_data
from invoice2data.extract.loader import read_templates
reader = "pdftotext" if shutil.which("pdftotext") else "pdfium"
module = importlib.import_module("invoice2data.input." + reader)
templates = read_templates(sys.argv[1])
found = {}
for path in sorted(Path(sys.argv[2]).glob("*.pdf")):
    try:
        found[path.stem] = extract_data(str(path), templates=templates, input_module=module) or {}
    except Exception:
        found[path.stem] = {}
json.dump([reader, found], sys.stdout, default=lambda day: day.isoformat()[:10])
"""


def by_peer(
    python: str, templates: Path, folder: Path
) -> tuple[str, list[tuple[str, str, bool, Any, Any]]]:
    """Return which reader invoice2data used, and what `with_templates` does."""
    command = [python, "-c", PEER, str(templates), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    reader, found = json.loads(done.stdout)
    rows = []
    for path in sorted(folder.glob("*.pdf")):
        expected = json.loads(path.with_suffix(".json").read_text("utf-8"))[0]
        for name, value in expected.items():
            got = found[path.stem].get(name)
            rows.append((path.stem, name, same(got, value), value, got))
    return reader, rows


async def with_templates(folder: Path, templates: Path) -> list[tuple[str, str, bool, Any, Any]]:
    """Return file, field, hit, expected, got for every expected field."""
    extractor, processor = ClassicExtractor(templates), AsyncPDFProcessor()
    rows = []
    for path in sorted(folder.glob("*.pdf")):
        expected = json.loads(path.with_suffix(".json").read_text("utf-8"))[0]
        fields = [{"name": name, "type": _type(value)} for name, value in expected.items()]
        found = await processor.process_file(path, extractor, fields, "classic")
        for name, value in expected.items():
            got = found.data.get(name)
            rows.append((path.stem, name, same(got, value), value, got))
    return rows


def _type(value: Any) -> str:
    return "items" if isinstance(value, list) else "number" if isinstance(value, float) else "text"


async def without_templates(folder: Path) -> list[tuple[str, str, bool, Any, Any]]:
    """Return the same for the usual fields, found without any template."""
    extractor, processor = ClassicExtractor(), AsyncPDFProcessor()
    rows = []
    for path in sorted(folder.glob("*.pdf")):
        told = json.loads(path.with_suffix(".json").read_text("utf-8"))[0]
        expected = {_NAMES.get(name, name): value for name, value in told.items()}
        found = await processor.process_file(path, extractor, FREE, "classic")
        for name in FREE:
            if name in expected:
                got = found.data.get(name)
                hit = (same_firm if name == "issuer" else same)(got, expected[name])
                rows.append((path.stem, name, hit, expected[name], got))
    return rows


def on_invented(count: int, seed: int) -> tuple[list[tuple[str, str, bool, Any, Any]], float]:
    """Return the same for invented invoices, and the milliseconds one takes."""
    schema = Schema.of(EVERY)
    rows = []
    spent = number = 0.0
    for invoice in invoices(count, seed):
        page = invoice.sheet.page
        begun = time.perf_counter()
        found = read_fields([page], schema)
        spent += time.perf_counter() - begun
        number += 1
        for name in EVERY:
            if name not in invoice.truth:
                continue
            got = found.data.get(name)
            got = len(got or ()) if name == "items" else got
            hit = (same_firm if name in ("issuer", "customer") else same)(got, invoice.truth[name])
            place = f"{invoice.locale} {invoice.layout}"
            rows.append((place, name, hit, invoice.truth[name], got))
    return rows, 1000 * spent / max(1.0, number)


def show(title: str, rows: list[tuple[str, str, bool, Any, Any]], missed: bool) -> None:
    """Print one table: fields, hits, share; and what was missed."""
    print(f"\n{title}")
    print("| field | found | of | share |\n| --- | --- | --- | --- |")
    total, hits = Counter(row[1] for row in rows), Counter(row[1] for row in rows if row[2])
    for name, count in total.items():
        print(f"| {name} | {hits[name]} | {count} | {hits[name] / count:.1%} |")
    print(
        f"| **all** | {sum(hits.values())} | {len(rows)} | {sum(hits.values()) / len(rows):.1%} |"
    )
    if missed:
        for place, name, hit, expected, got in rows:
            if not hit:
                print(f"  missed: {place}: {name}: {expected!r}, got {got!r}")


async def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invented", type=int, default=20, help="invoices a locale")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", action="store_true", help="list what was not found")
    parser.add_argument("--templates", type=Path, default=TEMPLATES, help="other templates")
    parser.add_argument("--peer", help="the Python of an environment that has invoice2data")
    chosen = parser.parse_args()
    folder = data_folder()
    if folder.is_dir():
        rows = await with_templates(folder, chosen.templates)
        show("Invoices, with templates", rows, chosen.missed)
        if chosen.peer:
            reader, rows = by_peer(chosen.peer, chosen.templates, folder)
            show(f"The same by invoice2data, its reader {reader}", rows, chosen.missed)
        show("Invoices, template-free", await without_templates(folder), chosen.missed)
    else:
        print(f"skipped: no invoices at {folder}; set CATALYST_TEST_DATA")
    rows, each_ms = on_invented(chosen.invented, chosen.seed)
    show(f"Invented invoices, template-free ({each_ms:.0f} ms each)", rows, chosen.missed)


if __name__ == "__main__":
    asyncio.run(main())
