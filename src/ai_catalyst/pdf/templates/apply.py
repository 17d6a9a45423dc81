"""A template on a document: is it this supplier's, and what do its rules read?"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ai_catalyst.pdf.model import PageText
from ai_catalyst.pdf.patterns import Deadline, matches, searched, substituted
from ai_catalyst.pdf.rules.grid import rows_of
from ai_catalyst.pdf.templates.lines import read_lines
from ai_catalyst.pdf.templates.model import Area, Rule, TableRule, Template
from ai_catalyst.pdf.values import Locale, day_first, number_of, parse_date

__all__ = ["Filled", "fill"]


@dataclass(slots=True)
class Filled:
    """What a template read: values by field, and the words each came from, where it has some."""

    template: Template
    data: dict[str, Any]
    quotes: dict[str, str]
    complete: bool


def fill(templates: Sequence[Template], pages: Sequence[PageText]) -> Filled | None:
    """Return what the fitting template reads, None when none fits.

    The one with the highest priority whose required fields are all there; else the one that reads
    the most. Raises `ProcessingError` when one of its patterns takes too long.
    """
    deadline = Deadline()
    text = "\n".join(page.layout or page.text for page in pages)
    best: Filled | None = None
    made: dict[Any, str] = {}
    for template in sorted(templates, key=lambda one: -one.priority):
        options = template.options
        key = (
            options.remove_whitespace,
            options.remove_accents,
            options.lowercase,
            options.replace,
        )
        if key not in made:
            made[key] = _ready(template, text, deadline)
        ready = made[key]
        if not _fits(template, (text, ready), deadline):
            continue
        filled = _Reader(template, ready, pages, deadline).run()
        if filled.complete:
            return filled
        if best is None or len(filled.data) > len(best.data):
            best = filled
    return best


def _ready(template: Template, text: str, deadline: Deadline) -> str:
    """Return the text as the template wants it."""
    options, place = template.options, f"template {template.path!r}, replace"
    if options.remove_whitespace:
        text = re.sub(r" +", "", text)
    if options.remove_accents:
        folded = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in folded if not unicodedata.combining(char))
    if options.lowercase:
        text = text.lower()
    for pattern, by in options.replace:
        text = substituted(pattern, by, text, place, deadline)
    return text


def _fits(template: Template, texts: tuple[str, str], deadline: Deadline) -> bool:
    place = f"template {template.path!r}, keywords"

    def there(pattern: str) -> bool:
        return any(searched(pattern, text, place, deadline) is not None for text in texts)

    return all(map(there, template.keywords)) and not any(map(there, template.exclude_keywords))


class _Reader:
    """One template on one document."""

    def __init__(
        self, template: Template, text: str, pages: Sequence[PageText], deadline: Deadline
    ) -> None:
        self.template = template
        self.text = text
        self.pages = pages
        self.deadline = deadline
        self.options = template.options
        self.quotes: dict[str, str] = {}
        first = day_first(text)
        self.locale = Locale(
            template.options.languages,
            template.options.decimal_separator,
            first if first is not None else template.options.languages[:1] != ("en",),
        )

    def run(self) -> Filled:
        template = self.template
        data: dict[str, Any] = {"issuer": template.issuer}
        for rule in template.rules:
            value = self._value(rule)
            if value is not None:
                data[rule.name] = value
        for table in template.tables:
            data |= self._table(table)
        complete = all(name in data for name in template.required_fields)
        if template.options.currency:
            data.setdefault("currency", template.options.currency)
        data.setdefault("desc", f"Invoice from {template.issuer}")
        return Filled(template, data, self.quotes, complete)

    def _value(self, rule: Rule) -> Any:
        if rule.parser == "static":
            return rule.value
        place = self._place(rule.name)
        if rule.parser == "lines":
            rows = [
                row
                for each in rule.lines
                for row in read_lines(each, self.text, place, self.deadline, self._typed)
            ]
            if rows:
                self.quotes[rule.name] = _first_words(rows)
            return rows or None
        return self._grouped(rule, self._found(rule, place))

    def _place(self, name: str) -> str:
        return f"template {self.template.path!r}, field {name!r}"

    def _found(self, rule: Rule, place: str) -> list[str]:
        text = self.text if rule.area is None else self._area(rule.area)
        found: list[str] = []
        for pattern in rule.patterns:
            for match in matches(pattern, text, place, self.deadline):
                groups = [group for group in match.groups() if group is not None]
                value = " ".join(groups) if match.re.groups else match[0]
                if rule.group == "sum" or value not in found:
                    found.append(value)
        return found

    def _grouped(self, rule: Rule, found: list[str]) -> Any:
        typed = [
            (text, value) for text in found if (value := self._typed(text, rule.type)) is not None
        ]
        if not typed:
            return None
        self.quotes[rule.name] = typed[0][0].strip()
        values = [value for _, value in typed]
        if rule.group is not None:
            self.quotes[rule.name] = typed[-1 if rule.group == "last" else 0][0].strip()
            return _GROUPS[rule.group](values)
        distinct = list(dict.fromkeys(values))
        return distinct[0] if len(distinct) == 1 else distinct

    def _typed(self, text: str, kind: str | None) -> Any:
        if kind in ("float", "int"):
            number = _number(text, self.options.decimal_separator)
            return int(number) if number is not None and kind == "int" else number
        if kind == "date":
            return self._date(text)
        return text

    def _date(self, text: str) -> str | None:
        for layout in self.options.date_formats:
            try:
                return dt.datetime.strptime(text.strip(), layout).date().isoformat()
            except ValueError:
                continue
        return parse_date(text, self.locale)

    def _table(self, table: TableRule) -> dict[str, Any]:
        place = f"template {self.template.path!r}, tables"
        part = _between(table.start, table.end, self.text, place, self.deadline)
        found: dict[str, list[Any]] = {}
        for body in table.body:
            for match in matches(body, part, place, self.deadline) if part else ():
                for name, text in match.groupdict().items():
                    kind = table.types.get(name) or _kind_of(name)
                    value = self._typed(text, kind) if text is not None else None
                    if value is not None:
                        self.quotes.setdefault(name, text.strip())
                        found.setdefault(name, []).append(value)
        return {
            name: _GROUPS[table.groups[name]](values) if name in table.groups else _one(values)
            for name, values in found.items()
        }

    def _area(self, area: Area) -> str:
        """Return the lines of the words inside an area."""
        scale = 72 / area.r
        left, top = area.x * scale, area.y * scale
        right, bottom = left + area.W * scale, top + area.H * scale
        lines = []
        for page in self.pages:
            if not area.f <= page.number <= area.l:
                continue
            inside = tuple(
                word
                for word in page.words
                if left <= (word.box[0] + word.box[2]) / 2 <= right
                and top <= (word.box[1] + word.box[3]) / 2 <= bottom
            )
            part = PageText(page.number, "", "", words=inside)
            lines += [row.text for row in rows_of(part)]
        return "\n".join(lines)


def _first_words(rows: list[dict[str, Any]]) -> str:
    """Return the first text of a list's rows, to show where it begins."""
    texts = (str(value) for row in rows for value in row.values() if isinstance(value, str))
    return next(texts, "").partition("\n")[0]


def _between(start: str, end: str, text: str, place: str, deadline: Deadline) -> str:
    begun = searched(start, text, place, deadline)
    if begun is None:
        return ""
    rest = text[begun.end() :]
    ended = searched(end, rest, place, deadline)
    return rest[: ended.start()] if ended is not None else ""


def _kind_of(name: str) -> str | None:
    if name == "date" or name.startswith("date_"):
        return "date"
    return "float" if name == "amount" or name.startswith("amount_") else None


def _number(text: str, decimal: str) -> float | None:
    """Return the number of a text whose decimal sign is known."""
    match = re.search(r"[-−(]?\s*\d[\d.,'’\s\u00a0]*", text)
    if match is None:
        return None
    digits = re.sub(r"[^\d.,]", "", match[0]).rstrip(".,")
    other = "," if decimal == "." else "."
    plain = digits.replace(other, "") if decimal in digits else digits
    if plain.count(decimal) == 1:
        value: float | None = float(plain.replace(decimal, "."))
    else:
        value = number_of(plain, decimal)
    return -value if value is not None and match[0][0] in "-−(" else value


def _one(values: list[Any]) -> Any:
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else distinct


def _sum(values: list[Any]) -> Any:
    numbers = [
        value if isinstance(value, (int, float)) else number_of(str(value)) or 0.0
        for value in values
    ]
    return round(sum(numbers), 6)


_GROUPS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": _sum,
    "min": min,
    "max": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "join": lambda values: " ".join(map(str, values)),
}
