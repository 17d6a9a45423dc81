"""Pages: how much of the article comes out, how much else, and how many pages a second.

Run ``python -m benchmarks.articles.extraction``.

The pages are those of ``articles/`` in the folder of test data, with what people marked as the
article. The measure is that of the article extraction benchmark: word 4-gram shingles (a multiset),
precision and recall of each page, the means of both, and the F1 of the means.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable

import trafilatura
from benchmarks.articles.feeds import test_data

from ai_catalyst.articles.extraction import extract_page

__all__ = ["main"]

ROUNDS = 3
Shingles = Counter[tuple[str, ...]]
_WORDS = re.compile(r"\w+")


def main() -> None:
    """Print the accuracy of each mode and of trafilatura, and their speed, in turns."""
    data = test_data()
    if data is None:
        print("(no test data)")
        return
    truth = json.loads((data / "articles" / "ground-truth.json").read_text("utf-8"))
    pages = {
        name: gzip.decompress((data / "articles" / "html" / f"{name}.html.gz").read_bytes())
        for name in truth
    }
    wanted = {name: _shingles(told["articleBody"]) for name, told in truth.items()}
    contestants: dict[str, Callable[[bytes, str], str]] = {
        "ours, default": lambda raw, url: extract_page(raw, url).text,
        "ours, quality": lambda raw, url: extract_page(raw, url, mode="quality").text,
        "trafilatura, fast": _trafilatura,
    }
    for name, extract in contestants.items():
        found = {key: extract(raw, truth[key]["url"]) for key, raw in pages.items()}
        scores = [_score(_shingles(found[key]), wanted[key]) for key in pages]
        halves = [_f1(scores[::2]), _f1(scores[1::2])]
        precision, recall = _means(scores)
        print(
            f"{name}: F1 {_f1(scores):.4f} (precision {precision:.3f}, recall {recall:.3f};"
            f" halves {halves[0]:.3f} and {halves[1]:.3f})"
        )
    _speed(contestants, [(raw, truth[key]["url"]) for key, raw in pages.items()])


def _trafilatura(raw: bytes, url: str) -> str:
    return trafilatura.extract(raw, url=url, fast=True, include_comments=False) or ""


def _speed(
    contestants: dict[str, Callable[[bytes, str], str]], pages: list[tuple[bytes, str]]
) -> None:
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, extract in contestants.items():
            started = time.process_time()
            for raw, url in pages:
                extract(raw, url)
            rates[name].append(len(pages) / (time.process_time() - started))
    theirs = rates["trafilatura, fast"]
    for name, ours in rates.items():
        times = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
        rate = statistics.median(ours)
        print(f"{name}: {rate:.0f} pages/s/core, {times:.2f}× trafilatura, fast")


def _shingles(text: str) -> Shingles:
    words = _WORDS.findall(text)
    return Counter(zip(*(words[start:] for start in range(4)), strict=False))


def _score(found: Shingles, wanted: Shingles) -> tuple[float, float]:
    both = (found & wanted).total()
    return (
        both / found.total() if found else float(not wanted),
        both / wanted.total() if wanted else 1.0,
    )


def _means(scores: list[tuple[float, float]]) -> tuple[float, float]:
    precision, recall = (statistics.mean(column) for column in zip(*scores, strict=True))
    return precision, recall


def _f1(scores: list[tuple[float, float]]) -> float:
    precision, recall = _means(scores)
    return 2 * precision * recall / (precision + recall)


if __name__ == "__main__":
    main()
