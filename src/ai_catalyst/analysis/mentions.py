"""Names and dates a text mentions, told apart by simple rules that rather miss than invent.

A run of capitalised words becomes a person through a title, a known given name, a verb of speech,
or because its last word goes on alone (*Ada Example … Example said*); an organisation through its
legal form or a word like *University*; a place through a list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ai_catalyst.analysis.capitals import LINKS, NAME_PARTICLES, Runs, Seen, is_initials
from ai_catalyst.analysis.dates import find_dates
from ai_catalyst.analysis.lexicon import Lexicon, NameLists, name_lists
from ai_catalyst.analysis.schemas import ENTITY_KINDS
from ai_catalyst.analysis.sentences import Sentence

__all__ = ["find_mentions"]

_KEPT = 12
_COMPARED = 200
_NAME = re.compile(r"[^\W\d_][\w’'\-]*[^\W\d_]")

_Words = tuple[str, ...]


def find_mentions(sentences: Sequence[Sentence], words: Lexicon) -> dict[str, list[str]]:
    """Return what is mentioned by kind (`ENTITY_KINDS`), the most frequent first, at most 12 each.

    Dates stand in the order of the text, as it writes them. ``other`` holds names met more than
    once that no rule could place.
    """
    runs = Runs()
    dates: dict[str, None] = {}
    for sentence in sentences:
        runs.read(sentence, words.stop)
        if len(dates) < _KEPT:
            dates.update(dict.fromkeys(find_dates(sentence.text)))
    counts: dict[str, dict[str, int]] = {kind: {} for kind in ENTITY_KINDS}
    for run, seen in runs.found.items():
        kind, name = _told(run, seen, runs, words)
        if name:
            counts[kind][name] = counts[kind].get(name, 0) + seen.count
    counts["people"] = _without_surnames(counts["people"])
    found = {kind: _ranked(counts[kind]) for kind in ENTITY_KINDS}
    found["other"] = [name for name in found["other"] if counts["other"][name] > 1]
    found["dates"] = list(dates)[:_KEPT]
    return found


def _without_surnames(people: dict[str, int]) -> dict[str, int]:
    """Drop ``Dr Example`` where ``Ada Example`` is named in full."""
    titles = name_lists().titles
    full = {name.split(" ")[-1] for name in people if name.split(" ")[0].lower() not in titles}
    return {
        name: count
        for name, count in people.items()
        if name.split(" ")[0].lower() not in titles or name.split(" ")[-1] not in full
    }


def _ranked(counts: dict[str, int]) -> list[str]:
    # The sort is stable: equal counts stay in the order of the text.
    names = sorted(counts, key=lambda name: -counts[name])[:_COMPARED]
    return [name for name in names if not _is_part(name, names)][:_KEPT]


def _is_part(name: str, names: Sequence[str]) -> bool:
    """Whether a name is only a part of another one of its kind."""
    return any(f" {name} " in f" {other} " for other in names if other != name)


def _told(words: _Words, seen: Seen, runs: Runs, known: Lexicon) -> tuple[str, str]:
    """Return kind and name of a run; an empty name when it tells nothing."""
    lists = name_lists()
    joined = " ".join(words)
    titled = seen.titled or (len(words) > 1 and words[0].lower() in lists.titles)
    if titled and len(words) <= 5 and _all_names(_core(words)):
        return "people", _titled(words, lists)
    if joined in lists.org_alone or _organisation(words, lists):
        return "organisations", _from_lead(words, lists)
    if joined in lists.places:
        return "places", joined
    if words[0].lower() in known.weak and " ".join(words[1:]) in lists.places:  # Later Oslo …
        return "places", " ".join(words[1:])
    words = _without_role(_after_link(words), lists)
    if _given(words, lists, known) or _known_by_surname(words, seen, runs, known):
        return "people", " ".join(words)
    return "other", joined if len(words) > 1 and known.language != "de" else ""


def _titled(words: _Words, lists: NameLists) -> str:
    """Return the name behind a title; a lone surname keeps the title: ``Mrs Baker``."""
    rest = [word for word in words if word.lower() not in lists.titles]
    return " ".join(rest if len(rest) > 1 else words) if rest else ""


def _organisation(words: _Words, lists: NameLists) -> bool:
    if len(words) < 2:
        return False
    if {words[-1], f"{words[-1]}."} & lists.org_last or words[0] in lists.org_lead:
        return True
    return words[0] in lists.org_first and any(word[0].islower() for word in words[1:])


def _from_lead(words: _Words, lists: NameLists) -> str:
    """Drop what stands before it: *Angebot der* Genossenschaft …, *Founder of* Example Inc"""
    if lists.org_first.intersection(words):
        return " ".join(words)
    lead = next((n for n, word in enumerate(words) if word in lists.org_lead), None)
    return " ".join(_after_link(words) if lead is None else words[lead:])


def _after_link(words: _Words) -> _Words:
    """Return what stands behind the last linking word: *Letters for* Ada Example."""
    links = [n for n, word in enumerate(words) if word in LINKS and word != "&"]
    return words[links[-1] + 1 :] if links else words


def _without_role(words: _Words, lists: NameLists) -> _Words:
    """Drop words before a given name that are none: *Farmer* Judith, *Lehrerin* Jana."""
    if words[:1] and words[0] in lists.given:
        return words
    first = next((n for n in (1, 2) if n + 1 < len(words) and words[n] in lists.given), 0)
    return words[first:]


def _core(words: _Words) -> list[str]:
    return [word for word in words if word not in NAME_PARTICLES and not is_initials(word)]


def _given(words: _Words, lists: NameLists, known: Lexicon) -> bool:
    core = _core(words)
    if not 2 <= len(core) <= 4 or core[0] not in lists.given:
        return False
    dated = any(word.lower() in known.months and word != "May" for word in core)
    return _all_names(core) and not dated


def _all_names(words: Sequence[str]) -> bool:
    return all(_NAME.fullmatch(w) and w[0].isupper() and not w.isupper() for w in words)


def _known_by_surname(words: _Words, seen: Seen, runs: Runs, known: Lexicon) -> bool:
    """Whether two or three words act like a full name, none of them an ordinary word."""
    core = _core(words)
    if known.language == "de" or not 2 <= len(core) <= 3 or not _all_names(core):
        return False
    if any(word.lower() in runs.lower or word.lower() in known.weak for word in core):
        return False
    alone = core[-1] in runs.single and core[0] not in runs.single
    return seen.spoken or alone
