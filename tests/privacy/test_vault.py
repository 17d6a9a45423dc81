"""The vault gives back, to the letter, what it took."""

import itertools
import json
import os
import pickle
import re
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.errors import PrivacyError, UserError
from ai_catalyst.privacy import Finding, Scrubber, Vault
from ai_catalyst.privacy.surrogates import Surrogates

PIECES = st.sampled_from(
    [
        "John Smith",
        "john smith",
        "JOHN SMITH",
        "jane@example.com",
        "Jane@Example.com",
        "555-1234",
        "4111 1111 1111 1111",
        "<NAME_1>",
        "<EMAIL_2>",
        "<LITERAL_1>",
        "<NAME",
        "_1>",
        "<",
        ">",
        "1",
        " ",
        "\r\n",
        "\x00",
        "Mr. Smith's",
        "москва",
        "שלום",
        "\u200b",
        "😀",
        "https://example.com/<NAME_1>",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(" ".join))
SCRUBBER = Scrubber(ner=False)


@given(TEXTS)
def test_what_was_hidden_is_restored_to_the_letter(text):
    hidden, vault = SCRUBBER.pseudonymise(text)
    assert vault.restore(hidden) == text


@given(st.lists(TEXTS, max_size=4))
def test_every_turn_of_one_session_is_restored_to_the_letter(texts):
    vault = Vault()
    hidden = [SCRUBBER.pseudonymise(text, vault)[0] for text in texts]
    assert [vault.restore(text) for text in hidden] == texts


@given(TEXTS, st.lists(st.integers(0, 200)))
def test_a_stream_is_restored_however_it_is_cut(text, cuts):
    hidden, vault = SCRUBBER.pseudonymise(text)
    borders = [0, *sorted(min(cut, len(hidden)) for cut in cuts), len(hidden)]
    pieces = [hidden[a:b] for a, b in itertools.pairwise(borders)]
    assert "".join(vault.restore_stream(pieces)) == text


@given(st.lists(st.tuples(PIECES, st.integers(1, 5)), max_size=8))
def test_a_stream_never_holds_more_than_the_longest_placeholder(parts):
    _, vault = SCRUBBER.pseudonymise("John Smith, jane@example.com, 555-1234")
    restorer = vault.restorer()
    for part, size in parts:
        for start in range(0, len(part), size):
            restorer.feed(part[start : start + size])
            assert len(restorer.held) < vault.longest


def test_one_value_keeps_its_placeholder_over_turns_and_another_gets_the_next_number():
    vault = Vault()
    first, _ = SCRUBBER.pseudonymise("Mail jane@example.com", vault)
    second, _ = SCRUBBER.pseudonymise("Mail bob@example.com or jane@example.com", vault)
    assert first == "Mail <EMAIL_1>"
    assert second == "Mail <EMAIL_2> or <EMAIL_1>"


def test_two_spellings_of_one_value_share_the_number():
    hidden, vault = SCRUBBER.pseudonymise("jane@example.com = JANE@example.com")
    assert hidden == "<EMAIL_1> = <EMAIL_1b>"
    assert vault.restore("<EMAIL_1b>") == "JANE@example.com"


def test_placeholders_of_the_model_that_the_vault_does_not_know_stay_and_are_counted():
    hidden, vault = SCRUBBER.pseudonymise("jane@example.com")
    answer = f"{hidden} <EMAIL_7> <email_1> EMAIL_1 &lt;EMAIL_1&gt;"
    assert vault.restore(answer).startswith("jane@example.com <EMAIL_7> <email_1>")
    assert vault.unknown == 1


def test_two_sessions_with_the_same_placeholder_do_not_see_each_other():
    vaults = []
    for number in range(10):
        hidden, vault = SCRUBBER.pseudonymise(f"user{number}@example.com")
        assert hidden == "<EMAIL_1>"
        vaults.append(vault)
    assert [vault.restore("<EMAIL_1>") for vault in vaults] == [
        f"user{number}@example.com" for number in range(10)
    ]


def test_tool_call_arguments_are_restored_in_values_keys_and_json_text():
    vault = Vault()
    token = vault.placeholder("NAME", 'Anna "Ann" Muster')
    arguments = {"to": [token, 3, None], token: {"x": f"Dear {token}"}}
    restored = vault.restore_value(arguments)
    assert restored == {
        "to": ['Anna "Ann" Muster', 3, None],
        'Anna "Ann" Muster': {"x": 'Dear Anna "Ann" Muster'},
    }
    assert json.loads(vault.restore_json(json.dumps(arguments))) == restored


def test_a_value_the_session_knows_is_hidden_wherever_it_stands():
    vault = Vault()
    vault.placeholder("NAME", "Rubija")
    hidden = vault.hide("Rubija wrote. Is Rubija's order (rubija) ready?", [])
    assert "Rubija" not in hidden
    assert hidden.startswith("<NAME_1> wrote. Is <NAME_1>'s")


def test_a_part_of_a_name_is_hidden_when_a_later_turn_uses_it_alone():
    vault = Vault()
    text = "See what Quillfeather wrote to Will, and what Will did."
    vault.hide("Dr. Will Quillfeather", [Finding("NAME", 0, 21, "Dr. Will Quillfeather")])
    hidden = vault.hide(text, [])
    assert hidden == "See what <NAME_2> wrote to Will, and what Will did."
    assert vault.restore(hidden) == text


def test_a_short_value_is_not_hidden_inside_other_words():
    vault = Vault()
    vault.placeholder("NAME", "Mark")
    assert vault.hide("The Market knows Mark", []) == "The Market knows <NAME_1>"


def test_findings_that_cross_are_both_hidden_and_come_back():
    text = "abcdefgh"
    vault = Vault()
    findings = [Finding("A", 0, 5, "abcde", 0.9), Finding("B", 3, 8, "defgh", 0.5)]
    hidden = vault.hide(text, findings)
    assert hidden == "<A_1><B_1>"
    assert vault.restore(hidden) == text


def test_counts_say_how_many_of_each_kind_were_replaced():
    _, vault = SCRUBBER.pseudonymise("a@example.com a@example.com b@example.com 555-1234 <X_1>")
    assert vault.counts == {"EMAIL": 3, "PHONE": 1}


def test_a_vault_forgets_after_its_time_and_when_wiped():
    now = [0.0]
    vault = Vault(ttl_s=60, clock=lambda: now[0])
    vault.placeholder("NAME", "Anna")
    now[0] = 59
    assert vault.restore("<NAME_1>") == "Anna"
    now[0] = 120
    assert vault.restore("<NAME_1>") == "<NAME_1>"
    vault.placeholder("NAME", "Anna")
    vault.wipe()
    assert vault.restore("<NAME_1>") == "<NAME_1>"
    assert len(vault) == 0


def test_after_forgetting_an_old_placeholder_never_stands_for_somebody_else():
    vault = Vault()
    old = vault.placeholder("NAME", "Anna")
    vault.wipe()
    new = vault.placeholder("NAME", "Berta")
    assert new != old
    assert vault.restore(f"{old} {new}") == f"{old} Berta"


PLACEHOLDER = re.compile(r"<[A-Z_]+_[0-9]+[a-z]*>")


def values_left(hidden, values):
    """The values that still stand in what would be sent: whole, or inside a word when long."""
    rest = PLACEHOLDER.sub("\x00", hidden)
    alone = {value for value in values if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", rest)}
    return alone | {value for value in values if len(value) >= 8 and value in rest}


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_value_of_the_session_stands_in_what_goes_out(texts):
    vault = Vault()
    values = set()
    for text in texts:
        hidden, _ = SCRUBBER.pseudonymise(text, vault)
        values |= {finding.text for finding in SCRUBBER.detect(text)}
        assert not values_left(hidden, values)


def test_surrogates_read_like_the_real_thing_and_come_back():
    text = "John Smith (john.smith@example.com) met John Smith on 4 March 1981 and 14 March 1981."
    vault = Vault(surrogates=Surrogates(seed=3))
    hidden, _ = SCRUBBER.pseudonymise(text, vault)
    assert "John" not in hidden
    assert "<" not in hidden
    name = hidden.split(" (")[0]
    assert hidden.count(name) == 2
    days = [datetime.strptime(day, "%d %B %Y") for day in re.findall(r"\d+ [A-Z]\w+ \d{4}", hidden)]
    assert (days[1] - days[0]).days == 10
    assert vault.restore(hidden) == text


@given(TEXTS, st.lists(st.integers(0, 200)), st.integers(0, 5))
def test_surrogates_are_restored_to_the_letter_however_a_stream_is_cut(text, cuts, seed):
    vault = Vault(surrogates=Surrogates(seed=seed))
    for one in ("Anna Berg called Jo Brook.", text):
        hidden, _ = SCRUBBER.pseudonymise(one, vault)
        assert vault.restore(hidden) == one
        borders = [0, *sorted(min(cut, len(hidden)) for cut in cuts), len(hidden)]
        pieces = [hidden[a:b] for a, b in itertools.pairwise(borders)]
        assert "".join(vault.restore_stream(pieces)) == one


def test_a_text_that_holds_a_surrogate_by_chance_comes_back_too():
    vault = Vault(surrogates=Surrogates(seed=1))
    hidden = vault.hide("Anna Berg", [Finding("NAME", 0, 9, "Anna Berg")])
    again = vault.hide(f"{hidden} met Anna Berg", [])
    assert again.startswith("<LITERAL_")
    assert vault.restore(again) == f"{hidden} met Anna Berg"


def test_a_vault_comes_back_from_its_file_with_the_right_password_only(tmp_path):
    pytest.importorskip("cryptography")
    vault = Vault()
    hidden, _ = SCRUBBER.pseudonymise("jane@example.com, JANE@example.com, <NAME_1> \ud800", vault)
    path = tmp_path / "session.vault"
    vault.save(path, "correct horse")
    assert b"example" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    again = Vault.load(path, "correct horse")
    assert again.restore(hidden) == "jane@example.com, JANE@example.com, <NAME_1> \ud800"
    assert again.placeholder("EMAIL", "jane@example.com") == "<EMAIL_1>"
    assert again.placeholder("EMAIL", "bob@example.com") == "<EMAIL_2>"
    with pytest.raises(PrivacyError, match="password"):
        Vault.load(path, "wrong")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(PrivacyError):
        Vault.load(path, "correct horse")


def test_a_vault_s_file_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    pytest.importorskip("cryptography")
    path = tmp_path / "session.vault"
    Vault().save(path, "first")
    kept = path.read_bytes()

    def full(handle):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        Vault().save(path, "second")
    assert path.read_bytes() == kept
    assert [one.name for one in tmp_path.iterdir()] == ["session.vault"]


def test_a_vault_s_file_without_the_extra_says_what_to_install(tmp_path, monkeypatch):
    pytest.importorskip("cryptography")
    path = tmp_path / "session.vault"
    Vault().save(path, "password")
    for module in ("cryptography", *[m for m in sys.modules if m.startswith("cryptography.")]):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"\[vault\]"):
        Vault.load(path, "password")


def test_a_file_that_is_no_vault_and_an_empty_password_are_refused(tmp_path):
    (tmp_path / "other").write_bytes(b"something else")
    with pytest.raises(PrivacyError, match="other is not a vault"):
        Vault.load(tmp_path / "other", "password")
    with pytest.raises(UserError, match="password"):
        Vault().save(tmp_path / "session.vault", "")


def test_a_vault_shows_nothing_and_is_not_pickled():
    vault = Vault()
    vault.placeholder("NAME", "Anna Muster")
    assert "Anna" not in repr(vault)
    with pytest.raises(TypeError):
        pickle.dumps(vault)


async def test_an_async_stream_is_restored_too():
    hidden, vault = SCRUBBER.pseudonymise("From jane@example.com to bob@example.com.")

    async def letters():
        for letter in hidden:
            yield letter

    assert "".join([piece async for piece in vault.restore_stream(letters())]) == (
        "From jane@example.com to bob@example.com."
    )
