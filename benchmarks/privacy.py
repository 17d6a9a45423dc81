"""How well and how fast personal data is found: ``python -m benchmarks.privacy [--data DIR]``.

Accuracy is measured on labelled chat messages and court cases, speed on the same texts against the
peers that are installed (presidio-analyzer, scrubadub, datafog), in alternated rounds of one
process, as CPU time. Presidio runs its own recognisers without a model of language. Run it in an
environment of its own that has the peers: ``pip install -e '.[ner,fast]' presidio-analyzer
scrubadub datafog``.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import logging
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ai_catalyst.privacy import Finding, Scrubber, Vault
from ai_catalyst.privacy.ner import available

Detect = Callable[[str], Sequence[Any]]
Row = dict[str, Any]
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
KINDS = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CREDIT_CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "SSN",
    "IP_ADDRESS": "IP",
    "DOMAIN_NAME": "URL",
}
"""The structured kinds of the chat texts, as ours."""
TOKEN = re.compile(r"\w+|[^\w\s]")
TITLES = frozenset(["mr", "mrs", "ms", "dr", "prof", "professor", "miss", "sir", "the", "a", "an"])


class Score(NamedTuple):
    """Hits, false alarms and misses."""

    hits: int
    alarms: int
    misses: int

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.alarms)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def f2(self) -> float:
        below = 4 * self.precision + self.recall
        return 5 * self.precision * self.recall / below if below else 0.0

    def __str__(self) -> str:
        return f"F2 {self.f2:.3f}  precision {self.precision:.3f}  recall {self.recall:.3f}"


class CourtScore(NamedTuple):
    """Recall of mentions and of entities (all their mentions), and precision by touched spans."""

    direct: float
    quasi: float
    direct_entities: float
    quasi_entities: float
    precision: float
    exact: Score
    overlapping: Score


def _rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def chat(data: Path) -> list[Row]:
    return _rows(data / "pii" / "chat.jsonl.gz")


def court(data: Path, split: str | None = None) -> list[Row]:
    return [row for row in _rows(data / "pii" / "court.jsonl.gz") if split in (None, row["split"])]


def span_scores(detect: Detect, rows: Iterable[Row], kind: str | None = None) -> Score:
    """Score the structured kinds: start, end and kind must all be right."""
    kinds = {kind} if kind else set(KINDS.values())
    hits = alarms = misses = 0
    for row in rows:
        gold = {(a, b, KINDS[k]) for a, b, k in row["spans"] if KINDS.get(k) in kinds}
        found = {(f.start, f.end, f.kind) for f in detect(row["text"]) if f.kind in kinds}
        hits += len(gold & found)
        alarms += len(found - gold)
        misses += len(gold - found)
    return Score(hits, alarms, misses)


def _mask(text: str, spans: Iterable[tuple[int, int]]) -> bytearray:
    mask = bytearray(len(text))
    for start, end in spans:
        mask[start:end] = b"\1" * (end - start)
    return mask


def token_scores(detect: Detect, rows: Iterable[Row]) -> Score:
    """Score tokens (words and signs) as personal or not, whatever their kind."""
    hits = alarms = misses = 0
    for row in rows:
        text = row["text"]
        gold = _mask(text, ((a, b) for a, b, *_ in row["spans"]))
        found = _mask(text, ((f.start, f.end) for f in detect(text)))
        for token in TOKEN.finditer(text):
            is_, said = any(gold[slice(*token.span())]), any(found[slice(*token.span())])
            hits += is_ and said
            alarms += said and not is_
            misses += is_ and not said
    return Score(hits, alarms, misses)


def _covered(text: str, start: int, end: int, mask: bytearray) -> bool:
    """Whether each word of a mention is hidden; forms of address and articles need not be."""
    return all(
        all(mask[slice(*token.span())])
        for token in TOKEN.finditer(text, start, end)
        if token.group().isalnum() and token.group().lower() not in TITLES
    )


def recall_of_court(detect: Detect, rows: Iterable[Row]) -> CourtScore:
    mentions: dict[str, list[bool]] = {"DIRECT": [], "QUASI": []}
    entities: dict[tuple[int, str, str], list[bool]] = {}
    exact = Counter[str]()
    touching = touched = total = seen = 0
    for number, row in enumerate(rows):
        text, findings = row["text"], detect(row["text"])
        mask = _mask(text, ((f.start, f.end) for f in findings))
        annotated = _mask(text, ((a, b) for a, b, *_ in row["spans"]))
        for start, end, _, how, entity in row["spans"]:
            seen += 1
            touched += any(mask[start:end])
            if how in mentions:
                hidden = _covered(text, start, end, mask)
                mentions[how].append(hidden)
                entities.setdefault((number, entity, how), []).append(hidden)
        gold = {(span[0], span[1]) for span in row["spans"]}
        found = {(f.start, f.end) for f in findings}
        exact.update(hits=len(gold & found), alarms=len(found - gold), misses=len(gold - found))
        touching += sum(any(annotated[f.start : f.end]) for f in findings)
        total += len(findings)
    whole = {
        how: [all(hidden) for (_, _, one), hidden in entities.items() if one == how]
        for how in mentions
    }
    return CourtScore(
        _share(mentions["DIRECT"]),
        _share(mentions["QUASI"]),
        _share(whole["DIRECT"]),
        _share(whole["QUASI"]),
        touching / max(1, total),
        Score(exact["hits"], exact["alarms"], exact["misses"]),
        Score(touched, round(touched * (total - touching) / max(1, touching)), seen - touched),
    )


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / max(1, len(flags))


def presidio() -> Detect:
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

    blank = spacy.blank("en")

    class Blank(NlpEngine):  # tokens, and no opinion on names
        def load(self) -> None: ...
        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> NlpArtifacts:
            tokens = blank(text)
            return NlpArtifacts(
                entities=[],
                tokens=tokens,
                tokens_indices=[token.idx for token in tokens],
                lemmas=[token.text.lower() for token in tokens],
                nlp_engine=self,
                language=language,
            )

        def process_batch(self, texts: Iterable[str], language: str, **_: Any) -> Any:
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:
            return False

        def is_punct(self, word: str, language: str) -> bool:
            return False

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en"]

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if "Spacy" not in type(r).__name__]
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    kinds = {**KINDS, "URL": "URL"}

    def detect(text: str) -> list[Finding]:
        return [
            Finding(kinds.get(r.entity_type, r.entity_type), r.start, r.end, text[r.start : r.end])
            for r in engine.analyze(text, language="en")
        ]

    return detect


def scrubadub() -> Detect:
    import scrubadub as library

    scrubber = library.Scrubber()
    kinds = {"social_security_number": "SSN", "credit_card": "CREDIT_CARD"}

    def detect(text: str) -> list[Finding]:
        return [
            Finding(kinds.get(f.type, f.type.upper()), f.beg, f.end, f.text)
            for f in scrubber.iter_filth(text)
        ]

    return detect


def datafog() -> Detect:
    from datafog.processing.text_processing.regex_annotator import RegexAnnotator

    annotator = RegexAnnotator()
    kinds = {"IP_ADDRESS": "IP"}

    def detect(text: str) -> list[Finding]:
        found = []
        for kind, values in annotator.annotate(text).items():
            for value in values:  # it says what, not where
                at = text.find(value)
                if value and at >= 0:
                    found.append(Finding(kinds.get(kind, kind), at, at + len(value), value))
        return found

    return detect


def peers() -> dict[str, Detect]:
    logging.disable(logging.WARNING)
    found: dict[str, Detect] = {}
    for name, make in (("presidio", presidio), ("scrubadub", scrubadub), ("datafog", datafog)):
        try:
            found[name] = make()
        except ImportError as error:
            print(f"({name} is left out: {error})")
    return found


def speeds(detects: dict[str, Detect], texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Return CPU seconds a text, the median of some alternated rounds."""
    spent: dict[str, list[float]] = {name: [] for name in detects}
    for _ in range(rounds):
        for name, detect in detects.items():
            started = time.process_time()
            for text in texts:
                detect(text)
            spent[name].append((time.process_time() - started) / len(texts))
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def show_accuracy(data: Path, ours: dict[str, Detect], others: dict[str, Detect]) -> None:
    rows = chat(data)
    print("\nchat, structured kinds, spans and kinds exact")
    for name, detect in {"ours": ours["rules"], **others}.items():
        print(f"  {name:12} {span_scores(detect, rows)}")
    for kind in KINDS.values():
        print(f"    {kind:12} {span_scores(ours['rules'], rows, kind)}")
    print("\nchat, tokens, whatever the kind")
    for name in [*ours, *others]:
        if name != "structured":
            print(f"  {name:12} {token_scores({**ours, **others}[name], rows)}")
    for split in ("dev", "train"):
        print(f"\ncourt, {split} split" + (" (the model was trained on it)" * (split == "train")))
        for name in ours:
            if name != "structured":
                s = recall_of_court(ours[name], court(data, split))
                print(
                    f"  {name:8} DIRECT {s.direct:.3f} (entities {s.direct_entities:.3f})  "
                    f"QUASI {s.quasi:.3f} (entities {s.quasi_entities:.3f})  "
                    f"precision {s.precision:.3f}"
                )
                print(f"           any-type spans, exact:  {s.exact}")
                print(f"           any-type spans, touched: {s.overlapping}")


def show_speed(data: Path, detects: dict[str, Detect], rounds: int) -> None:
    sets = {
        "short (chat)": [row["text"] for row in chat(data)][300:540],
        "long (court)": [row["text"] for row in court(data)][20:32],
    }
    for name, texts in sets.items():
        warm = [row["text"] for row in (chat(data)[:200] if "chat" in name else court(data)[:10])]
        for detect in detects.values():
            for text in warm:
                detect(text)
        seconds = speeds(detects, texts, rounds)
        size = sum(map(len, texts)) / len(texts)
        print(f"\nspeed, {name}, {size:.0f} characters a text")
        base = seconds.get("presidio")
        for one, spent in sorted(seconds.items(), key=lambda item: item[1]):
            ratio = f"  {base / spent:6.1f} × presidio" if base else ""
            print(f"  {one:12} {spent * 1e6:9.1f} µs  {size / spent / 1e6:7.3f} MB/s{ratio}")


def show_vault(data: Path, scrubber: Scrubber) -> None:
    texts = [row["text"] for row in [*chat(data), *court(data)]]
    whole = cut = 0
    for text in texts:
        hidden, vault = scrubber.pseudonymise(text)
        whole += vault.restore(hidden) == text
        pieces = [hidden[at : at + 3] for at in range(0, len(hidden), 3)]
        cut += "".join(vault.restore_stream(pieces)) == text
    print(
        f"\nrestored to the letter: {whole} of {len(texts)} whole, {cut} in pieces of 3 characters"
    )
    vault = Vault()
    token = vault.placeholder("NAME", "Anna Muster")
    pieces = [
        "word ",
        "and ",
        "more ",
        "of ",
        "it ",
        *[token[at : at + 4] for at in range(0, len(token), 4)],
    ]
    stream = pieces * (1_000_000 // len(pieces))
    started = time.process_time()
    count = sum(1 for _ in vault.restore_stream(stream))
    spent = time.process_time() - started
    print(f"stream restore: {len(stream) / spent / 1e6:.2f} M tokens/s ({count:,} shown)")


def show_batch(data: Path) -> None:
    from ai_catalyst import PIIProcessor
    from ai_catalyst.guard import LoopGuard

    texts = [row["text"] for row in court(data)] + [row["text"] for row in chat(data)] * 2
    pii = PIIProcessor()
    for text in texts[:20]:
        pii.scrub_text(text)
    started = time.perf_counter()
    alone = [pii.scrub_text(text) for text in texts]
    inline = time.perf_counter() - started

    async def batch() -> tuple[float, float, list[float]]:
        await pii.batch_scrub_texts_async(texts[:60])  # the workers are up
        with LoopGuard(threshold_s=0.02) as guard:
            begun, own = time.perf_counter(), time.process_time()
            together = await pii.batch_scrub_texts_async(texts)
            spent, own = time.perf_counter() - begun, time.process_time() - own
        assert together == alone
        return spent, own, [stall[0] for stall in guard.stalls]

    spent, own, stalls = asyncio.run(batch())
    longest = f"{max(stalls) * 1000:.0f} ms" if stalls else "under 20 ms"
    print(
        f"\nbatch: {inline:.2f} s inline, {spent:.2f} s in workers: "
        f"{inline / spent:.2f} ×; {own:.2f} s of CPU in the caller; longest stall {longest}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("accuracy", "speed", "vault", "batch"))
    chosen = parser.parse_args()
    rules = Scrubber(ner=False)
    structured = Scrubber(kinds=KINDS.values(), ner=False)
    ours: dict[str, Detect] = {"structured": structured.detect, "rules": rules.detect}
    if available():
        ours["with CRF"] = Scrubber(ner=True).detect
    others = peers() if chosen.only in (None, "accuracy", "speed") else {}
    if chosen.only in (None, "accuracy"):
        show_accuracy(chosen.data, ours, others)
    if chosen.only in (None, "speed"):
        show_speed(chosen.data, {**ours, **others}, chosen.rounds)
    if chosen.only in (None, "vault"):
        show_vault(chosen.data, rules)
    if chosen.only in (None, "batch"):
        show_batch(chosen.data)


if __name__ == "__main__":
    main()
