"""Templates from files: YAML or JSON, folders searched through; what is wrong is named."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.patterns import compiled
from ai_catalyst.pdf.templates.model import (
    GROUPS,
    TYPES,
    Area,
    LineRule,
    Options,
    Rule,
    TableRule,
    Template,
)

__all__ = ["load_templates", "template_of"]

_SUFFIXES = (".yml", ".yaml", ".json")
_PARSERS = ("regex", "static", "lines")
_KEYS = (
    *("issuer", "keywords", "exclude_keywords", "fields", "lines", "tables", "options"),
    *("required_fields", "priority", "template_name", "input_module", "desc", "name"),
)
_REQUIRED = ("date", "amount", "invoice_number")
_MOST_BYTES = 2**20
_MOST_FILES = 20_000


def load_templates(where: Path | str | Iterable[Path | str]) -> tuple[Template, ...]:
    """Return the templates of files and folders, each folder searched through, in path order.

    Raises `UserError` that names the file, the field and what is allowed.
    """
    places = [where] if isinstance(where, (str, Path)) else list(where)
    found = [template for place in places for template in _load(Path(place))]
    return tuple(found)


def _load(place: Path) -> list[Template]:
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.suffix.lower() in _SUFFIXES)
        if len(files) > _MOST_FILES:
            raise UserError(f"{str(place)!r} holds {len(files)} templates; {_MOST_FILES} at most")
        return [template_of(_read(file), str(file)) for file in files]
    if not place.exists():
        raise UserError(f"there is no template file or folder {str(place)!r}")
    return [template_of(_read(place), str(place))]


def _read(file: Path) -> Any:
    place = f"template {str(file)!r}"
    try:
        raw = file.read_bytes()
        if len(raw) > _MOST_BYTES:
            raise UserError(f"{place} is larger than {_MOST_BYTES} bytes")
        text = raw.decode("utf-8-sig")
        return json.loads(text) if file.suffix.lower() == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise UserError(f"{place} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{place} is not UTF-8 text") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or getattr(error, "msg", None) or "is no YAML"
        raise UserError(f"{place}{line}: {problem}") from error


def template_of(given: Any, path: str) -> Template:
    """Return a template from what its file holds.

    A key that looks like a slip of a known one is refused; others are passed over, as people keep
    notes of their own in such files.
    """
    place = f"template {path!r}"
    if not isinstance(given, Mapping):
        raise UserError(f"{place}: a template is a mapping with issuer, keywords and fields")
    for key in given:
        if key not in _KEYS and difflib.get_close_matches(str(key), _KEYS, n=1, cutoff=0.75):
            raise UserError(f"{place}: unknown key {key!r}{_near(str(key), _KEYS)}")
    keywords = _patterns(given.get("keywords"), f"{place}, keywords")
    if not keywords:
        raise UserError(f"{place}: keywords are missing; they say which invoices it is for")
    options = given.get("options") or {}
    required = given.get("required_fields") or (
        options.get("required_fields") if isinstance(options, Mapping) else None
    )
    return Template(
        path,
        str(given.get("issuer") or keywords[0]),
        keywords,
        _patterns(given.get("exclude_keywords"), f"{place}, exclude_keywords"),
        _rules(given, place),
        tuple(_table(each, f"{place}, tables") for each in _listed(given.get("tables"))),
        _options(options, place),
        tuple(map(str, _listed(required))) or _REQUIRED,
        _priority(given.get("priority", 5), place),
    )


def _rules(given: Mapping[str, Any], place: str) -> tuple[Rule, ...]:
    rules = [_named_lines(given["lines"], place)] if given.get("lines") else []
    listed = given.get("fields") or {}
    if not isinstance(listed, Mapping):
        raise UserError(f"{place}: fields is a mapping of names")
    rules += [_rule(str(name), value, place) for name, value in listed.items()]
    return tuple(rules)


def _named_lines(given: Any, place: str) -> Rule:
    return Rule("lines", "lines", lines=_line_rules(given, f"{place}, lines"))


def _rule(name: str, given: Any, place: str) -> Rule:
    where = f"{place}, field {name!r}"
    if isinstance(given, Mapping):
        return _parsed(name, given, where)
    if name.startswith("static_"):
        return Rule(name.removeprefix("static_"), "static", value=given)
    group = "sum" if name.startswith("sum_") else None
    plain = name.removeprefix("sum_")
    return Rule(plain, "regex", _patterns(given, where), _type_by_name(plain), group)


def _parsed(name: str, given: Mapping[str, Any], where: str) -> Rule:
    parser = given.get("parser", "regex")
    if parser not in _PARSERS:
        raise UserError(f"{where}: unknown parser {parser!r}{_near(str(parser), _PARSERS)}")
    if parser == "static":
        return Rule(name, "static", value=given.get("value"))
    if parser == "lines":
        return Rule(name, "lines", lines=_line_rules(given, where))
    patterns = _patterns(given.get("regex"), where)
    if not patterns:
        raise UserError(f"{where}: its regex is missing")
    kind = _of(given.get("type"), TYPES, f"{where}, type") or _type_by_name(name)
    group = _of(given.get("group"), GROUPS, f"{where}, group")
    return Rule(name, "regex", patterns, kind, group, area=_area(given.get("area"), where))


def _type_by_name(name: str) -> str | None:
    if name == "date" or name.startswith("date_") or name.endswith("_date"):
        return "date"
    return "float" if name == "amount" or name.startswith("amount_") else None


def _line_rules(given: Any, where: str) -> tuple[LineRule, ...]:
    if isinstance(given, Mapping) and given.get("rules"):
        types = given.get("types") or {}
        return tuple(
            _line_rule({"types": types, **each}, where)
            for each in _listed(given["rules"])
            if isinstance(each, Mapping)
        )
    return tuple(_line_rule(each, where) for each in _listed(given))


def _line_rule(given: Any, where: str) -> LineRule:
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: needs start, end and line")
    missing = [key for key in ("start", "end") if not given.get(key)]
    if missing or not (given.get("line") or given.get("first_line")):
        raise UserError(f"{where}: its {(missing or ['line'])[0]} is missing")
    return LineRule(
        _patterns(given["start"], f"{where}, start")[0],
        _patterns(given["end"], f"{where}, end")[0],
        line=_patterns(given.get("line"), f"{where}, line"),
        first_line=_patterns(given.get("first_line"), f"{where}, first_line"),
        last_line=_patterns(given.get("last_line"), f"{where}, last_line"),
        skip_line=_patterns(given.get("skip_line"), f"{where}, skip_line"),
        types=_types(given.get("types"), where),
    )


def _table(given: Any, where: str) -> TableRule:
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: a table is a mapping with start, end and body")
    missing = [key for key in ("start", "end", "body") if not given.get(key)]
    if missing:
        raise UserError(f"{where}: its {missing[0]} is missing")
    types = _types(given.get("types"), where)
    groups: dict[str, str] = {}
    named = given.get("fields")
    for name, options in (named if isinstance(named, Mapping) else {}).items():
        if isinstance(options, Mapping):
            types |= _types({name: options["type"]} if options.get("type") else None, where)
            group = _of(options.get("group"), GROUPS, f"{where}, group")
            groups |= {str(name): group} if group else {}
    return TableRule(
        _patterns(given["start"], f"{where}, start")[0],
        _patterns(given["end"], f"{where}, end")[0],
        _patterns(given["body"], f"{where}, body"),
        types,
        groups,
    )


def _types(given: Any, where: str) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: types is a mapping of names")
    return {
        str(name): _of(kind, TYPES, f"{where}, type of {name!r}") or "str"
        for name, kind in given.items()
    }


def _options(given: Any, place: str) -> Options:
    if not isinstance(given, Mapping):
        raise UserError(f"{place}: options is a mapping")
    known = {each.name for each in fields(Options)}
    taken = {key: value for key, value in given.items() if key in known and value is not None}
    for key in ("date_formats", "languages"):
        if key in taken:
            taken[key] = tuple(map(str, _listed(taken[key])))
    taken["replace"] = tuple(_replacement(each, place) for each in _listed(taken.get("replace")))
    for key in ("remove_whitespace", "remove_accents", "lowercase"):
        taken[key] = bool(taken.get(key, False))
    for key in ("currency", "decimal_separator"):
        if key in taken:
            taken[key] = str(taken[key])
    return Options(**taken)


def _replacement(given: Any, place: str) -> tuple[str, str]:
    if not isinstance(given, list) or len(given) != 2:
        raise UserError(f"{place}, replace: each entry is a pattern and what replaces it")
    pattern, by = str(given[0]), str(given[1] if given[1] is not None else "")
    compiled(pattern, f"{place}, replace")
    return pattern, by


def _area(given: Any, where: str) -> Area | None:
    if given is None:
        return None
    known = [each.name for each in fields(Area)]
    if not isinstance(given, Mapping) or any(key not in known for key in given):
        raise UserError(f"{where}: area is a mapping of {', '.join(known)}")
    try:
        return Area(**{key: type(getattr(Area(), key))(value) for key, value in given.items()})
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: area holds numbers") from error


def _priority(given: Any, place: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise UserError(f"{place}: priority is a whole number, not {given!r}")
    return given


def _patterns(given: Any, where: str) -> tuple[str, ...]:
    patterns = tuple(str(each) for each in _listed(given))
    for pattern in patterns:
        compiled(pattern, where)
    return patterns


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _of(given: Any, allowed: tuple[str, ...], where: str) -> str | None:
    if given is None:
        return None
    if given in allowed:
        return str(given)
    raise UserError(f"{where}: {given!r} is unknown{_near(str(given), allowed)}")


def _near(word: str, allowed: Iterable[str]) -> str:
    allowed = list(allowed)
    near = difflib.get_close_matches(word, allowed, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} (allowed: {', '.join(allowed)})"
