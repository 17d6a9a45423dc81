"""Names of people, by the words around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.privacy.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["names"]

_GIVEN = frozenset(
    [
        "John",
        "Jane",
        "James",
        "Mary",
        "Robert",
        "Patricia",
        "Michael",
        "Jennifer",
        "William",
        "Linda",
        "David",
        "Elizabeth",
        "Richard",
        "Barbara",
        "Joseph",
        "Susan",
        "Thomas",
        "Jessica",
        "Charles",
        "Sarah",
        "Christopher",
        "Karen",
        "Daniel",
        "Lisa",
        "Matthew",
        "Nancy",
        "Anthony",
        "Betty",
        "Mark",
        "Sandra",
        "Paul",
        "Ashley",
        "Steven",
        "Emily",
        "Andrew",
        "Kimberly",
        "Joshua",
        "Donna",
        "Kevin",
        "Carol",
        "Brian",
        "Michelle",
        "George",
        "Amanda",
        "Peter",
        "Anna",
        "Maria",
        "Laura",
        "Julia",
        "Emma",
        "Sofia",
        "Ana",
        "Alice",
        "Bob",
        "Carlos",
        "Hans",
        "Pierre",
        "Marie",
        "Jean",
        "Luis",
        "Jose",
        "Juan",
        "Ahmed",
        "Mohammed",
        "Ali",
        "Fatima",
        "Wei",
        "Ivan",
        "Olga",
        "Elena",
    ]
)
_WORD = r"[^\W\d_a-zà-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*"
_SURNAME = rf"(?:[ ](?:[A-Z]\.|(?:van|von|de|der|den|da|di|del|la|bin|al)\b|{_WORD})){{0,3}}"
_CUED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Dr|Prof|[Mm]y name is|[Nn]ame:|[Dd]ear|Patient:?)\.?[ ]({_WORD}{_SURNAME})"
)
_CAPITALISED = re.compile(rf"(?<!\w){_WORD}{_SURNAME}")


def names(text: str) -> Iterator[Finding]:
    """Find names after a cue, and names that begin with a given name; findings may overlap."""
    for match in _CUED.finditer(text):
        yield Finding("NAME", match.start(1), match.end(1), match.group(1), 0.8, "name-cue")
    for match in _CAPITALISED.finditer(text):
        words = match.group().split(" ")
        if words[0] in _GIVEN:
            yield Finding("NAME", match.start(), match.end(), match.group(), 0.7, "name-list")
