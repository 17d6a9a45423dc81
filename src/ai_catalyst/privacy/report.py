"""A page on which a person can see what was found: for whoever answers for data protection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from ai_catalyst.privacy.finding import Finding

__all__ = ["Shown", "html_report"]


class Shown(NamedTuple):
    """One text of a report: its name, as it was, and what was found in it."""

    name: str
    text: str
    findings: Sequence[Finding]


_COLOURS = {
    "NAME": "#ffd6a5",
    "ORGANIZATION": "#cfe8ff",
    "PLACE": "#d4f5d0",
    "ADDRESS": "#b9eec0",
    "DATE": "#f0e0ff",
    "AGE": "#e6d3f7",
    "EMAIL": "#ffc9de",
    "PHONE": "#ffb3c1",
    "URL": "#d8e2ff",
    "IP": "#d8e2ff",
    "CREDIT_CARD": "#ff9f9f",
    "IBAN": "#ff9f9f",
    "SSN": "#ff9f9f",
    "ID": "#ffb4a2",
    "SECRET": "#ff8fa3",
}
_OTHER = "#eeeeb8"
UNSURE = 0.65
"""Below this score a finding is shown as one to look at."""
LONGEST = 200_000
"""Characters of one text that are shown; the counts are of the whole."""

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1c1c1c; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
p.note { color: #555; max-width: 48rem; } .warn { border-left: 4px solid #c0392b; padding: .4rem .8rem; background: #fdf1ef; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr + tr td { border-top: 1px solid #e5e5e5; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #fafafa; border: 1px solid #e3e3e3; border-radius: 6px; padding: 1rem; font: 14px/1.65 ui-monospace, monospace; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 1rem 0; } dt { color: #555; } dd { margin: 0; }
.kind { border-radius: 3px; padding: .05em .45em; font-size: .85em; font-weight: 600; } a { color: #1b4f8f; }
.unsure { outline: 1px dotted #8a2f2f; }
mark { border-radius: 3px; padding: 0 .15em; } mark::after { content: attr(data-kind); font: 600 9px/1 system-ui, sans-serif; vertical-align: super; margin-left: .25em; opacity: .7; }
#hide:checked ~ main mark { color: transparent; background: #222 !important; }
#hide:checked ~ main mark::after { color: #fff; } label { user-select: none; }
details > summary { cursor: pointer; font-weight: 600; margin-top: 1.4rem; }
@media print { details { break-inside: avoid; } }
"""


def html_report(
    texts: Iterable[Shown],
    *,
    title: str = "Personal data that was found",
    facts: Mapping[str, str] | None = None,
    hidden: bool = False,
) -> str:
    """Return one self-contained page: counts by kind and text, and each text with its findings.

    The page holds the texts as they were, so it is as private as they are; with ``hidden`` what
    was found is shown as ``<KIND>`` instead, and the page can be handed on. ``facts`` are lines of
    the head (``{"Preset": "balanced"}``). There is no script in the page and nothing is loaded.
    """
    shown = list(texts)
    total = Counter(finding.kind for one in shown for finding in one.findings)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<meta name=viewport content='width=device-width'><title>{escape(title)}</title>",
        f"<style>{_STYLE}{_kind_styles(total)}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        _facts(shown, facts or {}),
        "" if hidden else _WARNING,
        f"<main>{_by_kind(shown, total)}{_by_text(shown)}",
        *(_document(one, number, hidden) for number, one in enumerate(shown)),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def _kind_styles(kinds: Iterable[str]) -> str:
    return "".join(
        f'[data-kind="{escape(kind)}"]{{background:{_COLOURS.get(kind, _OTHER)}}}' for kind in kinds
    )


_WARNING = (
    "<p class='note warn'><strong>Keep this page as private as the texts:</strong> it shows them as they were. "
    "No tool finds everything. Read a sample, and look for what is <em>not</em> marked.</p>"
    "<input type=checkbox id=hide> <label for=hide>blacken what was found</label>"
)
_WORDS = {
    "crf": "small model",
    "model": "language model",
    "deny-list": "list of what must go",
}
"""What finds things, in words for people."""


def _facts(shown: Sequence[Shown], facts: Mapping[str, str]) -> str:
    findings = sum(len(one.findings) for one in shown)
    unsure = sum(one.score < UNSURE for text in shown for one in text.findings)
    said = {
        "Texts": f"{len(shown):,}",
        "Found and replaced": f"{findings:,}, {unsure:,} of them unsure (dotted)",
        **facts,
    }
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in said.items())
    return f"<dl>{rows}</dl>"


def _by_kind(shown: Sequence[Shown], total: Counter[str]) -> str:
    unsure = Counter(one.kind for text in shown for one in text.findings if one.score < UNSURE)
    rows = "".join(
        f"<tr><td><span class=kind data-kind='{escape(kind)}'>{escape(kind)}</span></td>"
        f"<td class=n>{count:,}</td><td class=n>{unsure[kind] or ''}</td><td>{escape(_how(shown, kind))}</td></tr>"
        for kind, count in total.most_common()
    )
    return (
        "<h2>By kind</h2><table><tr><th>kind</th><th class=n>found</th><th class=n>unsure</th>"
        f"<th>how it was recognised</th></tr>{rows}</table>"
    )


def _by_text(shown: Sequence[Shown]) -> str:
    rows = "".join(
        f"<tr><td><a href='#t{number}'>{escape(one.name)}</a></td><td class=n>{len(one.findings):,}</td>"
        f"<td>{escape(_kinds(one))}</td></tr>"
        for number, one in enumerate(shown)
    )
    return f"<h2>By text</h2><table><tr><th>text</th><th class=n>found</th><th>of which</th></tr>{rows}</table>"


def _how(shown: Sequence[Shown], kind: str) -> str:
    ways = Counter(one.recogniser for text in shown for one in text.findings if one.kind == kind)
    return ", ".join(
        f"{_WORDS.get(name, name.replace('-', ' '))} ({count:,})"
        for name, count in ways.most_common(4)
    )


def _kinds(one: Shown) -> str:
    kinds = Counter(finding.kind for finding in one.findings)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "nothing found"


def _document(one: Shown, number: int, hidden: bool) -> str:
    rest = "" if len(one.text) <= LONGEST else "<p class=note>… the rest is not shown.</p>"
    return (
        f"<details open id=t{number}><summary>{escape(one.name)}</summary>"
        f"<pre dir=auto>{_marked(one, hidden)}</pre>{rest}</details>"
    )


def _marked(one: Shown, hidden: bool) -> str:
    parts: list[str] = []
    at = 0
    for finding in one.findings:
        if finding.end > LONGEST:
            break
        parts.append(_plain(one.text[at : finding.start]))
        value = f"<{finding.kind}>" if hidden else finding.text
        parts.append(
            f'<mark{" class=unsure" if finding.score < UNSURE else ""} data-kind="{escape(finding.kind)}" '
            f'title="{escape(finding.recogniser)}, {finding.score:.2f}">{_plain(value)}</mark>'
        )
        at = finding.end
    parts.append(_plain(one.text[at:LONGEST]))
    return "".join(parts)


def _plain(text: str) -> str:
    """Escape a text for HTML; what would change how the page is read is shown as a sign."""
    return "".join(
        char if char in "\n\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for char in escape(text)
    )
