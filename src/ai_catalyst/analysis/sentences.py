"""Sentences: a text cut into units that can stand alone, with what kind of line each came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ai_catalyst.analysis.lexicon import Lexicon, lexicon, name_lists

__all__ = ["Sentence", "Unit", "split_sentences"]


class Unit(Enum):
    """What a sentence was taken from."""

    PROSE = "prose"
    HEADING = "heading"
    ITEM = "item"
    FIELD = "field"
    """``Label: value``."""
    ROW = "row"
    """A table row."""
    QUOTE = "quote"
    """A quoted line of a mail."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; ``block`` counts the paragraphs before it, ``first`` marks its beginning."""

    text: str
    index: int
    block: int
    unit: Unit = Unit.PROSE
    first: bool = False


_LONGEST = 4_000  # a "sentence" without an end is cut here, so that no unit is unbounded
_HEADING = re.compile(r"#{1,6}\s+(?=\S)")
_RULE = re.compile(r"[=\-_*~+|:.\s#]{3,}")
_ITEM = re.compile(r"(?:[-*+•·▪◦‣–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_QUOTED = re.compile(r"(?:>\s?)+")
_FIELD = re.compile(r"([^\W\d_][\w.()/&'’\-]{0,24}(?: [\w.()/&'’\-]{1,24}){0,2}):\s+(?=\S)")
_FIGURE = re.compile(r"[^\W\d_][\w .()/&'’%\-]{1,40}\s[(€$£]?[+-]?\d[\w.,\-/ %€$£]{0,30}(?<!\.)")
_GREETING = re.compile(
    r"(?:dear|hello|hi|good (?:morning|afternoon|evening)|sehr geehrte[rs]?|liebe[rs]?|guten tag"
    r"|hallo|bonjour|chère?s?|madame|monsieur|estimad[oa]s?|querid[oa]s?|hola|gentile|buongiorno"
    r"|egregi[oa]|beste|geachte|prezad[oa]s?)\b[^.!?]{0,60}[,!]?",
    re.IGNORECASE,
)
_CSV = re.compile(r"[^,]{0,80}(?:,[^ ,][^,]{0,80}|,){3,}|[^;]{0,80}(?:;[^;]{0,80}){3,}")
_CELLS = re.compile(r"\t|\s\|\s|\S {3,}(?=\S)")
_EMPHASIS = re.compile(r"(\*\*|__|``?)(?=\S)(.{1,400}?)(?<=\S)\1")
_MD_LINK = re.compile(
    r"!?\[([^\[\]\n]{0,200})\]\((?:<[^<>\n]{0,500}>|(?:[^()\[\]\s]|\([^()\[\]\s]{0,99}\)){0,500})[^()\n]{0,99}\)"
)
_END = re.compile(r"[.!?…]+[\"'”’“»)\]]*(?=\s)|[。！？]+[」』”]*")
_OPEN_END = (".", "!", "?", "…", ":", ";", "。", "！", "？", '."', ".”", "!”", "?”", ".“", ".)")
_WRAP_CHARS = 130  # longer lines are paragraphs, not wrapped text


def split_sentences(text: str, words: Lexicon) -> list[Sentence]:
    """Return the sentences of `text` in order; time is linear in its length.

    Wrapped lines are joined, list items, table rows, headings and ``label: value`` lines stay
    apart. Abbreviations, initials, ordinals and decimal points do not end a sentence.
    """
    found: list[Sentence] = []
    for block, (unit, piece) in enumerate(_units(text)):
        clean = _unmarked(piece)
        parts = [clean] if unit in {Unit.HEADING, Unit.ROW, Unit.FIELD} else _cut(clean, words)
        for number, part in enumerate(parts):
            found.append(Sentence(part, len(found), block, unit, first=number == 0))
    return found


def _unmarked(text: str) -> str:
    if "](" in text:
        text = _MD_LINK.sub(r"\1", text)
    if "*" in text or "_" in text or "`" in text:
        text = _EMPHASIS.sub(r"\2", text)
    return text


def _units(text: str) -> Iterator[tuple[Unit, str]]:
    """Yield paragraphs, items, rows and headings, each as one line."""
    fenced = False
    group: list[str] = []
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith("```"):
            fenced = not fenced
            stripped = ""
        elif fenced:
            continue
        if stripped:
            group.append(stripped)
        elif group:
            yield from _of_group(group)
            group = []
    if group:
        yield from _of_group(group)


def _of_group(lines: list[str]) -> Iterator[tuple[Unit, str]]:
    width = max(map(len, lines))
    full = max(30, width * 3 // 4) if width <= _WRAP_CHARS else width + 1
    unit, last = Unit.PROSE, 0
    pieces: list[str] = []
    for line in lines:
        kind, content = _classified(line)
        if not content:
            continue
        if pieces and _continues(unit, kind, content, last >= full):
            _append(pieces, content)
            unit = Unit.PROSE if unit is Unit.FIELD else unit
        else:
            yield from _unit(unit, pieces)
            unit, pieces = kind, [content]
        last = len(line)
    yield from _unit(unit, pieces)


def _unit(unit: Unit, pieces: list[str]) -> Iterator[tuple[Unit, str]]:
    if not pieces:
        return
    content = " ".join(pieces)
    short = len(pieces) == 1 and len(content) < 90 and not content.endswith(_OPEN_END)
    # A short line that no punctuation ends is no sentence: a title, a name, a cell.
    yield (Unit.HEADING if unit is Unit.PROSE and short else unit), content


def _classified(line: str) -> tuple[Unit, str]:
    if _RULE.fullmatch(line):
        return Unit.PROSE, ""
    for pattern, unit in ((_HEADING, Unit.HEADING), (_QUOTED, Unit.QUOTE), (_ITEM, Unit.ITEM)):
        match = pattern.match(line)
        if match and not (unit is Unit.ITEM and _dated(line[match.end() :])):
            return unit, line[match.end() :].strip()
    if _tabular(line):
        return Unit.ROW, " ".join(line.replace("|", " | ").strip(" |").split())
    if len(line) < 70 and _GREETING.fullmatch(line):
        return Unit.PROSE, ""
    return _labelled(line)


def _tabular(line: str) -> bool:
    if line.startswith("|") or len(_CELLS.findall(line[:2_000])) > 1:
        return True
    return line.count(",") + line.count(";") > 2 and _CSV.fullmatch(line[:2_000]) is not None


def _labelled(line: str) -> tuple[Unit, str]:
    """Tell ``label: value`` from prose; a long value in sentences is prose without its label."""
    label = _FIELD.match(line)
    if label is None:
        short = len(line) < 80 and _FIGURE.fullmatch(line)
        return (Unit.FIELD if short else Unit.PROSE), line
    value = line[label.end() :]
    if len(value) > 60 and value.endswith(_OPEN_END) and value[0].isupper():
        return Unit.PROSE, value if label.group(1).islower() else line
    return Unit.FIELD, line


def _dated(rest: str) -> bool:
    """Whether what looks like a list number is the day of a date: ``12. März``."""
    return rest[:12].split(" ")[0].lower() in lexicon("de").months


def _continues(before: Unit, unit: Unit, content: str, full: bool) -> bool:
    """Whether a line goes on with the one before: wrapped prose, an item's second line."""
    if before is Unit.QUOTE or unit is Unit.QUOTE:
        return before is unit and full
    if unit is not Unit.PROSE or before not in {Unit.PROSE, Unit.ITEM, Unit.FIELD}:
        return False
    return full or (before is not Unit.FIELD and content[0].islower())


def _append(pieces: list[str], content: str) -> None:
    last = pieces[-1]
    if last.endswith("-") and last[-2:-1].isalpha() and content[0].islower():
        pieces[-1] = last[:-1] + content
    else:
        pieces.append(content)


def _cut(text: str, words: Lexicon) -> Iterator[str]:
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if end - start > _LONGEST or not _inside(text, start, match, words):
            piece = text[start:end].strip()
            if piece:
                yield from _bounded(piece)
            start = end
    rest = text[start:].strip()
    if rest:
        yield from _bounded(rest)


def _bounded(piece: str) -> Iterator[str]:
    while len(piece) > _LONGEST:
        space = piece.rfind(" ", _LONGEST // 2, _LONGEST)
        cut = space if space > 0 else _LONGEST
        yield piece[:cut].strip()
        piece = piece[cut:].strip()
    if piece:
        yield piece


_NEXT = re.compile(r"\s+[\"'“„«(\[]*(\w+)")
_LAST = re.compile(r"[\w.\-’']+$")


def _inside(text: str, start: int, match: re.Match[str], words: Lexicon) -> bool:
    """Whether the punctuation found does not end the sentence."""
    mark = match.group()
    follows = _NEXT.match(text, match.end(), match.end() + 40)
    after = follows.group(1) if follows else ""
    if mark[0] in "。！？" or not after:
        return False
    if after[0].islower():
        return True
    if not mark.startswith(".") or mark.startswith(".."):
        return False
    before = _LAST.search(text[max(start, match.start() - 24) : match.start()])
    return before is not None and _abbreviated(before.group(), after, words)


def _abbreviated(token: str, after: str, words: Lexicon) -> bool:
    lower = token.lower()
    if lower in name_lists().titles:
        return True
    if len(token) == 1 and token.isalpha():  # an initial: J. Smith, or z. B.
        return lower != "i" if token.isupper() else len(after) == 1
    if token.isdigit() and len(token) <= 2:  # an ordinal: 3. März, Kapitel 4. Teil
        return after.lower() in words.months or words.language in {"de", "da"}
    if lower in words.abbreviations or _dotted(token):
        return after.lower() not in words.stop
    return False


def _dotted(token: str) -> bool:
    parts = token.split(".")
    return len(parts) > 1 and all(len(part) == 1 and part.isalpha() for part in parts)
