"""Each kind is found where it stands, and what only looks like it is left alone."""

import random
import re
from importlib import import_module

import pytest

from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.recognisers import RECOGNISERS
from ai_catalyst.privacy.recognisers.checks import IBAN_LENGTHS, iban, luhn, vin
from ai_catalyst.privacy.recognisers.identity import NATIONAL

SCRUBBER = Scrubber(ner=False)


def found(text, scrubber=SCRUBBER):
    return [(finding.kind, finding.text) for finding in scrubber.detect(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Mail jane.doe+x@mail.example.co.uk!", "EMAIL", "jane.doe+x@mail.example.co.uk"),
        ("<mailto:jane@example.com>", "EMAIL", "jane@example.com"),
        ("jane [at] example [dot] com", "EMAIL", "jane [at] example [dot] com"),
        ("grüße@müller.example.de", "EMAIL", "grüße@müller.example.de"),
        ("see https://example.com/a(b)?c=d#e.", "URL", "https://example.com/a(b)?c=d#e"),
        ("(http://example.com/x)", "URL", "http://example.com/x"),
        ("at www.example.org, today", "URL", "www.example.org"),
        ("ask example.com about it", "URL", "example.com"),
        ("ping 192.0.2.44 now", "IP", "192.0.2.44"),
        ("from 2001:db8:0:1::17 port 80", "IP", "2001:db8:0:1::17"),
        ("MAC 00:1B:44:11:3A:B7 seen", "MAC", "00:1B:44:11:3A:B7"),
        ("card 4111-1111-1111-1111 ok", "CREDIT_CARD", "4111-1111-1111-1111"),
        ("amex 3782 822463 10005", "CREDIT_CARD", "3782 822463 10005"),
        ("my card 4111 1111 1111 1112 is lost", "CREDIT_CARD", "4111 1111 1111 1112"),
        ("to DE89 3704 0044 0532 0130 00 please", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("to gb82west12345698765432 please", "IBAN", "gb82west12345698765432"),
        ("SSN: 123-45-6789", "SSN", "123-45-6789"),
        ("social security number 123456789", "SSN", "123456789"),
        ("call +44 20 7946 0018 today", "PHONE", "+44 20 7946 0018"),
        ("call (555) 010-9999 x123 today", "PHONE", "(555) 010-9999 x123"),
        ("ring 555-0199", "PHONE", "555-0199"),
        ("Tel. 030 12345678", "PHONE", "030 12345678"),
        ("téléphone 01 23 45 67 89", "PHONE", "01 23 45 67 89"),
        ("phone: 5550101234", "PHONE", "5550101234"),
        ("born 1981-03-04", "DATE", "1981-03-04"),
        ("on 04.03.1981 in", "DATE", "04.03.1981"),
        ("on March 4th, 1981 in", "DATE", "March 4th, 1981"),
        ("am 4. März 1981 in", "DATE", "4. März 1981"),
        ("le 4 août 1981 à", "DATE", "4 août 1981"),
        ("el 4 de marzo de 1981 en", "DATE", "4 de marzo de 1981"),
        ("14 and 27 July 1999", "DATE", "14 and 27 July 1999"),
        ("since 1977 they", "DATE", "1977"),
        ("he is 47 years old", "AGE", "47"),
        ("a 31 y/o man", "AGE", "31"),
        ("at the age of sixteen", "AGE", "age of sixteen"),
        ("She was ten years old.", "AGE", "ten years old"),
        ("position 48.85661, 2.35222 on", "GPS", "48.85661, 2.35222"),
        ("key AKIAIOSFODNN7EXAMPLE here", "SECRET", "AKIAIOSFODNN7EXAMPLE"),
        ("token ghp_" + "a1B2" * 9, "SECRET", "ghp_" + "a1B2" * 9),
        ("password: hunter2!", "SECRET", "hunter2"),
        ('api_key = "abcd1234efgh"', "SECRET", "abcd1234efgh"),
        ("Mein Passwort lautet Sonne#123", "SECRET", "Sonne#123"),
        ("your verification code is 482913", "SECRET", "482913"),
        ("to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "CRYPTO", None),
        ("to 0x52908400098527886E0F7030069857D2E4169EE7", "CRYPTO", None),
        ("passport no. X1234567 expired", "ID", "X1234567"),
        ("driver's license number is D123-4567-8901", "ID", "D123-4567-8901"),
        ("MRN: 00123456", "ID", "00123456"),
        ("policy number HH-998877", "ID", "HH-998877"),
        ("application (no. 12345/67)", "ID", "12345/67"),
        ("case nos. 26480/95, 31960/96 and 31996/96.", "ID", "31996/96"),
        ("my zip code is 90210", "ADDRESS", "90210"),
        ("lives in SW1A 1AA now", "ADDRESS", "SW1A 1AA"),
        ("VIN 1M8GDM9AXKP042788", "ID", "1M8GDM9AXKP042788"),
        ("She worked as a primary school teacher.", "OCCUPATION", "primary school teacher"),
        ("Turkish officials", "NATIONALITY", "Turkish"),
    ],
)
def test_each_kind_is_found_in_its_words(text, kind, value):
    hits = [(one, other) for one, other in found(text) if one == kind]
    assert hits, found(text)
    if value is not None:
        assert (kind, value) in hits


@pytest.mark.parametrize(
    "text",
    [
        "Version 2.4.1.0 of the library, section 3.1.2",
        "It costs 1,250.00 EUR, that is $ 1350.",
        "Article 6 § 1 and Law no. 3713, Rule 59",
        "ISBN 978-3-16-148410-0",
        "The sum of 1 200 300 Turkish liras",
        "Chapter 12, page 345, line 6789",
        "It took 15 minutes at 30 km/h with 2000 people",
        "order of 99999999999999999999999999999999999999999999 things",
        "node.js and file.py are fine. It was. So it is.",
        "a ratio of 3:2 and 16:9 at 10:30",
        "The key to success is patience, and the secret of it is time.",
        "def f(x): return x @ y",
        "#15 you ask",
        "See Figure 3 and Table 2.",
        "Capitalized words like Wisdom and Discipline are no names.",
        "Don't worry, I'm fine. What's up? It's OK.",
        "HOW TO USE THIS DOCUMENT",
        "The Board approved the Annual Report on Human Rights.",
        "3... 2... 1... liftoff!",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text):
    assert [hit for hit in found(text) if hit[0] != "ORGANIZATION"] == []


def valid_number(entry, rng):
    """A made-up number of a country that passes its check; None when chance finds none."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    for _ in range(30000):
        value = {
            "codice-fiscale": lambda: (
                "".join(rng.choices(letters, k=6))
                + f"{rng.randint(10, 99)}{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 28):02d}"
                + f"{rng.choice('ABCDEFGHL')}{rng.randint(100, 999)}{rng.choice(letters)}"
            ),
            "curp": lambda: (
                "".join(rng.choices(letters, k=4))
                + f"{rng.randint(50, 99)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
                + rng.choice("HM")
                + rng.choice(["AS", "BC", "DF", "JC"])
                + "".join(rng.choices("BCDFGHJK", k=3))
                + f"{rng.randint(0, 9)}{rng.randint(0, 9)}"
            ),
            "pan": lambda: (
                "".join(rng.choices(letters, k=3))
                + "P"
                + f"{rng.choice(letters)}{rng.randint(1000, 9999)}{rng.choice(letters)}"
            ),
        }.get(entry.name, lambda: plain_number(entry, rng))()
        if entry.form.fullmatch(value) and entry.check(value):
            return value
    return None


def plain_number(entry, rng):
    pattern = {
        "ES-dni": "########?",
        "ES-nie": "X#######?",
        "FI-hetu": "dmy-####",
        "IE-pps": "#######?",
        "GB-nino": "AB######C",
        "SE-personnummer": "ymd-####",
        "DK-cpr": "dmy-####",
        "CL-rut": "########-#",
        "BR-cpf": "###.###.###-##",
        "CN-ric": "1101011980ymd1###"[0:0] + "110101yyyymd####",
        "KR-rrn": "ymd-1######",
        "AR-cuit": "20-########-#",
        "CH-ahv": "756.####.####.##",
        "FR-nir": "1yym75######"[0:3] + "m75########",
    }.get(f"{entry.country}-{entry.name}", "#" * entry.digits)
    if entry.country == "AU":
        pattern = "### ### ###"
    if entry.country == "CA":
        pattern = "###-###-###"
    if entry.country == "GB" and entry.name == "nhs":
        pattern = "### ### ####"
    if entry.country in ("SK", "CZ"):
        pattern = "ymd/###" + ("#" if entry.digits == 10 else "")
    if entry.country in ("PL", "BE", "LV"):
        pattern = "ymd#####"
    if entry.country == "NO":
        pattern = "dmy#####"
    if entry.country in ("EE", "LT"):
        pattern = "3ymd####"
    if entry.country == "RO":
        pattern = "1ymd40####"
    if entry.country == "SI":
        pattern = "dm9yy50####"
    if entry.country == "GR":
        pattern = "dmy#####"
    if entry.country == "BG":
        pattern = "ymd####"
    if entry.country == "ZA":
        pattern = "ymd####08#"
    if entry.country == "AT":
        pattern = "####dmy"
    if entry.country == "SE" and entry.digits == 12:
        pattern = "19ymd-####"
    fill = {
        "#": lambda: str(rng.randint(0, 9)),
        "?": lambda: rng.choice("ABCDEFGHJKLMNPQRSTUVW"),
        "d": lambda: f"{rng.randint(1, 28):02d}",
        "m": lambda: f"{rng.randint(1, 12):02d}",
        "y": lambda: f"{rng.randint(50, 99):02d}",
    }
    pattern = pattern.replace("yyyy", "19y").replace("yy", "y")
    return "".join(fill.get(char, lambda char=char: char)() for char in pattern)


COUNTRIES = sorted({entry.country for entry in NATIONAL})


def test_more_than_thirty_countries_numbers_are_known():
    assert len(COUNTRIES) >= 30


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_country_s_number_is_found_after_a_cue_by_its_check(country):
    rng = random.Random(country)
    numbers = [valid_number(entry, rng) for entry in NATIONAL if entry.country == country]
    assert any(numbers), "no number passes the check: is the form right?"
    for number in filter(None, numbers):
        hits = found(f"Her national ID is {number}, she said.")
        assert any(value == number for _, value in hits), (number, hits)


def test_a_checksum_that_fails_is_no_number_of_a_person():
    assert found("the total of 12345678A things") == []


def test_the_checks_agree_with_python_stdnum():
    rng = random.Random(7)
    stdnum = import_module("stdnum.luhn")
    stdiban = import_module("stdnum.iban")
    for _ in range(300):
        number = "".join(rng.choices("0123456789", k=rng.randint(12, 19)))
        assert luhn(number) == stdnum.is_valid(number)
    for value in (
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
    ):
        assert iban(value)
        assert stdiban.is_valid(value)
        assert len(value) == IBAN_LENGTHS[value[:2]]
        assert not iban(value[:-1] + ("1" if value[-1] != "1" else "2"))
    assert vin("1M8GDM9AXKP042788")
    assert not vin("1M8GDM9AXKP042789")


def test_each_recogniser_yields_only_the_kinds_it_names():
    text = " ".join(
        [
            "John",
            "Smith,",
            "jane@example.com",
            "555-0199",
            "4111",
            "1111",
            "1111",
            "1111",
            "DE89370400440532013000",
            "192.0.2.1",
            "on",
            "4",
            "March",
            "1981",
            "at",
            "12",
            "Main",
            "Street,",
            "Berlin;",
            "password:",
            "hunter2!",
            "Tel.",
            "030",
            "12345678",
            "aged",
            "47",
            "worked",
            "as",
            "a",
            "nurse;",
            "EUR",
            "400",
            "for",
            "five",
            "years;",
            "passport",
            "X1234567",
            "Turkish",
            "@handle",
        ]
    )
    from ai_catalyst.privacy.locales import BUILT_IN, lexis
    from ai_catalyst.privacy.reading import Reading

    for entry in RECOGNISERS:
        kinds = {spot.kind for spot in entry.find(Reading(text), lexis(tuple(BUILT_IN)))}
        assert kinds <= entry.kinds, entry.name


def test_every_kind_fits_in_a_placeholder():
    for entry in RECOGNISERS:
        assert all(re.fullmatch(r"[A-Z][A-Z_]{0,30}", kind) for kind in entry.kinds)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("for five years", "DATE"), ("paid EUR 4,000", "AMOUNT"), ("ask @somebody", "USERNAME")],
)
def test_weak_kinds_count_only_for_the_recall_preset(text, kind):
    assert found(text) == []
    assert kind in {one for one, _ in found(text, Scrubber(preset="recall", ner=False))}


def test_the_strict_preset_takes_only_what_is_certain():
    strict = Scrubber(preset="strict", ner=False)
    assert found("Rubija wrote to jane@example.com", strict) == [("EMAIL", "jane@example.com")]


def test_thresholds_are_set_by_kind():
    scrubber = Scrubber(thresholds={"NAME": 1.0, "AMOUNT": 0.3}, ner=False)
    assert found("John Smith paid EUR 4,000", scrubber) == [("AMOUNT", "EUR 4,000")]


def test_kinds_limit_what_is_looked_for():
    scrubber = Scrubber(kinds=["EMAIL"], ner=False)
    assert found("John Smith, jane@example.com, 555-0199", scrubber) == [
        ("EMAIL", "jane@example.com")
    ]
