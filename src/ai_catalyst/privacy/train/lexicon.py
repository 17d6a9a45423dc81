"""Make ``data/lexicon.bin``: names and towns as Faker lists them (MIT), and our own word lists."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, Any

from ai_catalyst.privacy.lexicon import COMMON, FOREIGN, PLACE, encoded, fold, words_of
from ai_catalyst.privacy.locales.pack import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

__all__ = ["build", "english_forms"]

_LETTERS = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff\u1e00-\u1fff]{2,}")
"""A word of a script that has capitals: in others, names are not found by words."""
_PARTICLES = words(
    "de da di du del della van von der den het la le los las el al bin ibn abu dos das do "
    "af av zu zum mac mc saint st san santa the of und and y e i"
)


def build(given: Iterable[str] = (), surnames: Iterable[str] = ()) -> bytes:
    """Return the table; more names may be given beside Faker's."""
    words: Counter[str] = Counter()
    _add_names(words, _faker_names("first"), given, 0)
    _add_names(words, _faker_names("last"), surnames, 2)
    for word in _faker_towns():
        words[word] |= PLACE
    for word in english_forms(_list("en")):
        words[word] |= COMMON
    for language in ("de", "fr", "es", "it", "nl"):
        for word in _list(language):
            words[fold(word)] |= FOREIGN
    return encoded(words)


def _list(language: str) -> list[str]:
    file = resources.files("ai_catalyst.privacy").joinpath("data", "words", f"{language}.txt")
    return list(words_of(file.read_text("utf-8").splitlines()))


def _add_names(
    words: Counter[str], lists: Iterable[Iterable[str]], ours: Iterable[str], shift: int
) -> None:
    seen: Counter[str] = Counter()
    for names in lists:
        seen.update({fold(part) for name in names for part in _LETTERS.findall(name)})
    seen.update({fold(name): 3 for name in ours})
    for name, count in seen.items():
        if name not in _PARTICLES:
            words[name] |= min(count, 3) << shift


def _providers(package: str) -> Iterator[Any]:
    home: ModuleType = importlib.import_module(f"faker.providers.{package}")
    for found in pkgutil.iter_modules(home.__path__):
        yield importlib.import_module(f"{home.__name__}.{found.name}").Provider


def _faker_names(which: str) -> Iterator[set[str]]:
    """Yield one set of names a locale."""
    for provider in _providers("person"):
        names: set[str] = set()
        for attribute in dir(provider):
            value = getattr(provider, attribute)
            if (
                which in attribute
                and "name" in attribute
                and isinstance(value, list | tuple | dict)
            ):
                names.update(name for name in value if isinstance(name, str))
        if names:
            yield names


def _faker_towns() -> Iterator[str]:
    for provider in _providers("address"):
        for attribute in ("cities", "city_names", "states", "regions", "provinces", "counties"):
            for name in getattr(provider, attribute, ()):
                town = name[-1] if isinstance(name, tuple) else name
                if isinstance(town, str) and len(_LETTERS.findall(town)) == 1:
                    yield fold(_LETTERS.findall(town)[0])


def english_forms(words: Iterable[str]) -> Iterator[str]:
    """Yield each word with its regular inflections."""
    for word in words:
        yield word
        if len(word) < 3 or not word.isalpha():
            continue
        stem = word.removesuffix("e")
        y_stem = word[:-1] + "i" if word.endswith("y") and word[-2] not in "aeiou" else stem
        doubled = word + word[-1] if re.search(r"[^aeiou][aeiou][bdglmnprt]$", word) else stem
        plural = y_stem + "es" if y_stem.endswith("i") else word + "s"
        sibilant = re.search(r"(s|x|z|ch|sh)$", word)
        yield from (word + "es" if sibilant else plural, y_stem + "ed", stem + "ing", y_stem + "er")
        yield from (y_stem + "est", y_stem + "ly" if y_stem.endswith("i") else word + "ly")
        if doubled != stem:
            yield from (doubled + "ed", doubled + "ing", doubled + "er")
        if word.endswith("le"):
            yield stem + "y"
        if word.endswith("ic"):
            yield word + "ally"
