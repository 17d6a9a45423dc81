"""The model confirms and completes the rules, never overrules a check, and holds nobody's name."""

import pytest

pytest.importorskip("pycrfsuite")

import itertools

from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.ner import LONGEST, Tokens, sentences
from ai_catalyst.privacy.train.__main__ import main
from ai_catalyst.privacy.train.generate import texts


def test_generated_texts_are_the_same_for_the_same_seed_and_marked_where_they_say():
    first, again = list(texts(200, seed=5)), list(texts(200, seed=5))
    assert first == again
    for made in first:
        assert all(0 <= start < end <= len(made.text) for start, end, _ in made.spans)


def test_stretches_cover_every_token_once_and_are_bounded():
    found = Tokens("One two. Three!\n" * 300).texts
    stretches = list(sentences(found))
    assert stretches[0][0] == 0
    assert stretches[-1][1] == len(found)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(stretches))
    assert all(last - first <= LONGEST for first, last in stretches)


@pytest.mark.parametrize(
    "text",
    ["SSN 123-45-6789", "IBAN GB82 WEST 1234 5698 7654 32", "a@example.com, item 4", "192.0.2.1"],
)
def test_what_has_a_check_stays_what_it_is(text):
    assert Scrubber(ner=True).scrub(text) == Scrubber(ner=False).scrub(text)


def test_a_small_model_is_trained_from_the_command_line_and_holds_no_name(tmp_path, capsys):
    target = tmp_path / "small.crfsuite"
    assert main(["--texts", "60", "--iterations", "5", "--output", str(target)]) == 0
    content = target.read_bytes().lower()
    assert b"kowalski" not in content
    assert b"w=the" in content
    assert "texts" in capsys.readouterr().out
