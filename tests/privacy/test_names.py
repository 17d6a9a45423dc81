"""Names, organisations, places and addresses, by what stands around them."""

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.locales import LocalePack, register
from ai_catalyst.privacy.locales.pack import words

SCRUBBER = Scrubber(ner=False)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Why is Zorvanka so quiet?", "Why is <NAME> so quiet?"),
        ("Dear Dr. Brightwell,", "Dear <NAME>,"),
        ("ask ms. Brightwell", "ask <NAME>"),
        ("my name is zorvan tellick", "my name is <NAME>"),
        ("Maria's sister met O'Brien", "<NAME>'s sister met <NAME>"),
        ("A. B. Brightwell signed", "<NAME> signed"),
        ("She joined Brightwell Systems Inc. in March", "She joined <ORGANIZATION> in March"),
        ("the Ministry of Foreign Affairs said", "the <ORGANIZATION> said"),
        ("We flew to New Zealand", "We flew to <PLACE>"),
        ("born in Zorvanburg", "born in <PLACE>"),
        ("We live in ZORVANBURG now, which is nice.", "We live in <PLACE> now, which is nice."),
        ("He lives at 12 Main Street, Springfield.", "He lives at <ADDRESS>."),
        ("Ship to P.O. Box 123\nSpringfield, IL 62701", "Ship to <ADDRESS>"),
        ("Ich heiße Jürgen Brandt.", "Ich heiße <NAME>."),
        ("Frau Brandt wohnt in der Lindenstraße 12", "<NAME> wohnt in der <ADDRESS>"),
        ("Je m'appelle Amélie Durand.", "Je m'appelle <NAME>."),
        ("Me llamo Lucía Navarro", "Me llamo <NAME>"),
        ("Mi chiamo Giulia Ferrari", "Mi chiamo <NAME>"),
        ("Mijn naam is Sanne de Vries", "Mijn naam is <NAME>"),
    ],
)
def test_names_are_found_by_their_evidence(text, scrubbed):
    assert SCRUBBER.scrub(text) == scrubbed


def test_german_nouns_are_no_names():
    text = "Die Rechnung und der Vertrag liegen im Büro der Abteilung, bitte prüfen Sie das Datum."
    assert SCRUBBER.scrub(text) == text


def test_a_surname_is_known_again_after_the_full_name():
    findings = SCRUBBER.detect("Zorvan Tellick wrote. Later Tellick called.")
    assert [finding.text for finding in findings] == ["Zorvan Tellick", "Tellick"]
    assert findings[1].recogniser == "name-again"


def test_an_unknown_locale_is_refused_by_name():
    with pytest.raises(UserError, match="'xx'"):
        Scrubber(locales=["xx"])


def test_a_locale_pack_is_added_by_registering_it():
    register(LocalePack(code="tlh", name_cues=("jih pongwij",), function_words=words("jih")))
    assert Scrubber(locales=["tlh"], ner=False).locales == ("tlh",)
