"""Presidio and GLiNER, when somebody has them: their words become our kinds."""

from types import SimpleNamespace

from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.adapters import gliner_recogniser, presidio_recogniser


class Analyzer:
    def analyze(self, text, language):
        assert language == "en"
        at = text.index("the tall one")
        yield SimpleNamespace(entity_type="PERSON", start=at, end=at + 12, score=0.85)


class Model:
    def predict_entities(self, text, labels, threshold):
        at = text.find("the tall one")
        if at >= 0:
            yield {"label": "person", "start": at, "end": at + 12, "score": 0.9}


def test_presidio_s_findings_are_united_with_ours():
    scrubber = Scrubber(ner=False, recognisers=[presidio_recogniser(Analyzer())])
    assert scrubber.scrub("ask the tall one, jane@example.com") == "ask <NAME>, <EMAIL>"


def test_gliner_is_shown_long_texts_in_pieces():
    scrubber = Scrubber(ner=False, recognisers=[gliner_recogniser(Model(), window=100)])
    text = "word " * 100 + "ask the tall one"
    assert scrubber.scrub(text) == "word " * 100 + "ask <NAME>"
