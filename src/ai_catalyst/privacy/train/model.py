"""Train the CRF: on generated texts, and on labelled ones of yours (a JSON line each)."""

from __future__ import annotations

import ast
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ai_catalyst
from ai_catalyst.privacy.locales import BUILT_IN, lexis
from ai_catalyst.privacy.ner import SOFT, Own, Tokens, features, ruled_by, sentences
from ai_catalyst.privacy.reading import Reading
from ai_catalyst.privacy.recognisers import RECOGNISERS
from ai_catalyst.privacy.recognisers.runs import Style
from ai_catalyst.privacy.recognisers.wordbook import WordBook
from ai_catalyst.privacy.scrubber import style_feature
from ai_catalyst.privacy.train.generate import Labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["docstrings", "labelled", "train"]

WEAKEST = 0.3
KINDS = {
    "PERSON": "NAME",
    "ORG": "ORGANIZATION",
    "LOC": "PLACE",
    "DATETIME": "DATE",
    "CODE": "ID",
    "QUANTITY": "AMOUNT",
    "MISC": "PRIVATE",
}
"""Kinds of the Text Anonymization Benchmark, as ours; ``DEM`` is read off the words."""


def labelled(path: Path, *, split: str | None = None) -> Iterator[Labelled]:
    """Read texts of a ``.jsonl`` or ``.jsonl.gz`` file: ``text``, ``spans`` [start, end, kind, …].

    ``split`` takes only those of that split.
    """
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if split is None or row.get("split") == split:
                text = row["text"]
                spans = [
                    (start, end, _kind(kind, text[start:end]))
                    for start, end, kind, *_ in row["spans"]
                ]
                yield Labelled(text, spans)


def _kind(kind: str, value: str) -> str:
    if kind == "DEM":
        from ai_catalyst.privacy.recognisers.places import gazetteer

        said = value.lower().split()
        if said[0] in gazetteer().demonyms:
            return "NATIONALITY"
        if said[-1] == "old" or said[0] == "age":
            return "AGE"
        return "OCCUPATION" if set(said) & lexis(tuple(BUILT_IN)).occupations else "TRAIT"
    return KINDS.get(kind, kind)


def docstrings() -> Iterator[Labelled]:
    """Yield the documentation in this package's own source: real prose in which nobody is named.

    The room of privacy itself is left out, because its examples name people.
    """
    home = Path(ai_catalyst.__file__).parent
    for file in sorted(home.rglob("*.py")):
        if "privacy" in file.parts or "testing" in file.parts:
            continue
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text and not _NAMING.search(text):
                    yield Labelled(text, [])


_NAMING = re.compile(r"@|\b(?:John|Jane|Smith|Alice|Bob|London|Paris|Berlin|19\d\d|20\d\d)\b")


class Examples:
    """Sequences of features and labels, made as the model will read them."""

    def __init__(self) -> None:
        """Read with every built-in language."""
        self.lexis = lexis(tuple(BUILT_IN))
        self.own = Own(WordBook(self.lexis))

    def of(self, made: Labelled) -> Iterator[tuple[list[list[bytes]], list[str]]]:
        """Yield the stretches of one text."""
        reading = Reading(made.text)
        if reading.text != made.text:  # offsets of the marks are in the original
            reading.text = made.text
        found = Tokens(reading.text)
        spots = [
            spot
            for entry in RECOGNISERS
            for spot in entry.find(reading, self.lexis)
            if spot.score >= WEAKEST
        ]
        ruled = ruled_by(found, spots)
        style = style_feature(Style(reading, self.lexis))
        marks = _marks(made)
        labels = [marks.get(start, "O") for start in found.starts]
        for first, last in sentences(found.texts):
            rows = features(found.texts[first:last], ruled[first:last], self.own, style)
            yield rows, labels[first:last]


def _marks(made: Labelled) -> dict[int, str]:
    """Return the label of each token by its start."""
    marks: dict[int, str] = {}
    spans = sorted(made.spans, key=lambda span: (span[0], -span[1]))
    reach = -1
    for start, end, kind in spans:
        if kind not in SOFT or start < reach:
            continue
        reach = end
        for number, at in enumerate(Tokens(made.text[start:end]).starts):
            marks[start + at] = f"{'B' if not number else 'I'}-{kind}"
    return marks


def train(
    texts: Iterable[Labelled],
    path: Path,
    *,
    iterations: int = 120,
    c1: float = 0.25,
    c2: float = 0.02,
    minfreq: int = 4,
    verbose: bool = False,
) -> dict[str, int]:
    """Train on texts and write the model; returns what it was made of.

    A word is a feature of its own only when it is an ordinary one: the model holds nobody's name.
    """
    import pycrfsuite

    examples = Examples()
    everything = list(texts)
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=verbose)
    trainer.set_params(
        {
            "c1": c1,
            "c2": c2,
            "max_iterations": iterations,
            "feature.minfreq": minfreq,
            "feature.possible_transitions": False,
        }
    )
    sequences = marked = 0
    for made in everything:
        for rows, labels in examples.of(made):
            trainer.append(rows, labels)
            sequences += 1
            marked += sum(label[0] == "B" for label in labels)
    trainer.train(str(path))
    return {
        "texts": len(everything),
        "sequences": sequences,
        "marks": marked,
        "bytes": path.stat().st_size,
    }
