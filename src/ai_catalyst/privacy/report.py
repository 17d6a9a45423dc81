"""A page on which a person can see what was found: for whoever answers for data protection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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
mark { border-radius: 3px; padding: 0 .15em; } mark::after { content: attr(data-kind); font: 600 9px/1 system-ui, sans-serif; vertical-align: super; margin-left: .25em; opacity: .7; }
#hide:checked ~ main mark { color: transparent; } label { user-select: none; }
details > summary { cursor: pointer; font-weight: 600; margin-top: 1.4rem; }
@media print { details { break-inside: avoid; } }
"""


def html_report(
    texts: Iterable[Shown], *, title: str = "What was found", rules: str = "", hidden: bool = False
) -> str:
    """Return one self-contained page: counts by kind, and each text with its findings marked.

    The page holds the texts as they were, so it is as private as they are; with ``hidden`` what
    was found is shown as ``<KIND>`` instead, and the page can be handed on. ``rules`` says in a
    line how it was looked for. There is no script in the page and nothing is loaded.
    """
    shown = list(texts)
    total = Counter(finding.kind for one in shown for finding in one.findings)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<meta name=viewport content='width=device-width'><title>{escape(title)}</title>",
        f"<style>{_STYLE}{_kind_styles(total)}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        _summary(shown, total, rules, hidden),
        *(_document(one, hidden) for one in shown),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def _kind_styles(kinds: Iterable[str]) -> str:
    return "".join(
        f'mark[data-kind="{escape(kind)}"]{{background:{_COLOURS.get(kind, _OTHER)}}}'
        for kind in kinds
    )


def _summary(shown: Sequence[Shown], total: Counter[str], rules: str, hidden: bool) -> str:
    rows = "".join(
        f"<tr><td><mark data-kind='{escape(kind)}'>{escape(kind)}</mark></td><td class=n>{count}</td>"
        f"<td>{escape(_how(shown, kind))}</td></tr>"
        for kind, count in total.most_common()
    )
    warning = (
        ""
        if hidden
        else "<p class='note warn'>This page shows the texts as they were. Keep it as private as them."
        " No tool finds everything: look for what is <em>not</em> marked.</p>"
        "<input type=checkbox id=hide> <label for=hide>blacken what was found</label>"
    )
    return (
        f"<p class=note>{len(shown)} text{'s' if len(shown) != 1 else ''}, {sum(total.values())} findings."
        f"{' ' + escape(rules) if rules else ''}</p>{warning}<main>"
        f"<table><tr><th>kind</th><th class=n>found</th><th>by</th></tr>{rows}</table>"
    )


def _how(shown: Sequence[Shown], kind: str) -> str:
    ways = Counter(one.recogniser for text in shown for one in text.findings if one.kind == kind)
    return ", ".join(f"{name} {count}" for name, count in ways.most_common(4))


def _document(one: Shown, hidden: bool) -> str:
    kinds = Counter(finding.kind for finding in one.findings)
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "nothing found"
    rest = "" if len(one.text) <= LONGEST else "<p class=note>… the rest is not shown.</p>"
    return (
        f"<details open><summary>{escape(one.name)}</summary><p class=note>{escape(said)}</p>"
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
            f'<mark data-kind="{escape(finding.kind)}" '
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
