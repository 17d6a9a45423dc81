"""Sums of an invoice: total, net and tax are chosen together, so that they add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from ai_catalyst.pdf.rules.candidates import Candidate, by_label
from ai_catalyst.pdf.rules.document import Reading

__all__ = ["SUMS", "sums"]

SUMS = ("total", "net", "tax")
_CENT = 0.021
_TRIED = 7
_RATES = (0.01, 0.35)  # taxes on sales that exist, with some room
_NOTHING = Candidate(None, None, 0, 0, 0.0, "")


def sums(reading: Reading) -> dict[str, list[Candidate]]:
    """Return candidates for total, net and tax, best first; what adds up is raised.

    Where labels leave net or tax open, two amounts of the document that add up to its total at a
    possible tax rate are taken for them (source ``sum``).
    """
    found = {name: _distinct(by_label(reading, name, "amount")) for name in SUMS}
    found["total"] = [_lower(reading, each) for each in found["total"]]
    if not found["total"]:
        found["total"] = _largest(reading)
    best = _best(found)
    if best is not None:
        for name, chosen in zip(SUMS, best, strict=True):
            found[name] = _raised(found[name], chosen)
    _complete(reading, found)
    return {name: sorted(each, key=lambda one: -one.score) for name, each in found.items()}


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Keep the best of each value, a little surer when it comes again; best first."""
    best: dict[float, Candidate] = {}
    for each in candidates:
        value = abs(float(each.value))
        other = best.get(value)
        if other is None:
            best[value] = each
        elif (each.row, each.start) != (other.row, other.start):
            first = each if each.score > other.score else other
            best[value] = first._replace(score=min(0.98, first.score + 0.02))
    return sorted(best.values(), key=lambda one: -one.score)


def _lower(reading: Reading, each: Candidate) -> Candidate:
    """Prefer what stands further down: totals of pages and of parts come before the total."""
    place = each.number / max(1, len(reading.rows))
    score = min(0.9, each.score) + 0.06 * place
    if each.value == 0:
        score -= 0.3  # a balance after payment
    elif each.value < 0:
        score -= 0.1
    return each._replace(score=score)


def _largest(reading: Reading) -> list[Candidate]:
    hits = [(number, hit) for number, hit in reading.every("amount") if hit.sure >= 0.75]
    if not hits:
        return []
    number, hit = max(hits, key=lambda one: (one[1].value, one[0]))
    row = reading.rows[number]
    return [Candidate(hit.value, row, hit.start, hit.end, 0.35, "place", number, hit.note)]


def _best(found: dict[str, list[Candidate]]) -> tuple[Candidate, Candidate, Candidate] | None:
    """Return the total, net and tax that add up and have the most to say for them."""
    best: tuple[float, tuple[Candidate, Candidate, Candidate]] | None = None
    totals = found["total"][:_TRIED]
    for total, net, tax in product(totals, found["net"][:_TRIED], found["tax"][:_TRIED]):
        if not _adds_up(total.value, net.value, tax.value):
            continue
        score = total.score + net.score + tax.score + (0.1 if tax.value else 0.0)
        if best is None or score > best[0]:
            best = score, (total, net, tax)
    return best[1] if best else None


def _adds_up(total: float, net: float, tax: float) -> bool:
    return abs(net + tax - total) <= _CENT and abs(net) <= abs(total) + _CENT


def _raised(candidates: list[Candidate], chosen: Candidate) -> list[Candidate]:
    top = max((each.score for each in candidates), default=0.0)
    return [
        each._replace(score=max(min(0.99, each.score + 0.2), min(0.99, top + 0.1)))
        if each is chosen
        else each
        for each in candidates
    ]


def _complete(reading: Reading, found: dict[str, list[Candidate]]) -> None:
    total = max(found["total"], key=lambda one: one.score, default=_NOTHING)
    if total.value is None or total.value <= 0:
        return
    net, tax = (max(found[name], key=lambda one: one.score, default=_NOTHING) for name in SUMS[1:])
    agreed = net.value is not None and tax.value is not None
    if agreed and _adds_up(total.value, net.value, tax.value):
        return
    amounts = [
        Candidate(hit.value, reading.rows[number], hit.start, hit.end, 0.6, "sum", number, hit.note)
        for number, hit in reading.every("amount")
        if hit.sure >= 0.75 and 0 < hit.value < total.value
    ]
    pair = _pair(total.value, amounts, net, tax)
    if pair is None:
        return
    for name, candidate in zip(SUMS[1:], pair, strict=True):
        known = [each for each in found[name] if each.value == candidate.value]
        if known:
            found[name] = _raised(found[name], known[0])
        elif not found[name]:
            found[name] = [candidate]


def _pair(
    total: float, amounts: Sequence[Candidate], net: Candidate, tax: Candidate
) -> tuple[Candidate, Candidate] | None:
    """Return a net and a tax among the amounts that add up; labelled ones are kept."""
    by_value = {round(each.value, 2): each for each in amounts}
    for value, each in sorted(by_value.items()):
        rest = by_value.get(round(total - value, 2))
        if rest is None or value > rest.value or not rest.value:
            continue
        if not _RATES[0] <= value / rest.value <= _RATES[1]:
            continue
        if any(
            known.value is not None and known.score > 0.5 and abs(known.value - wanted) > _CENT
            for known, wanted in ((net, rest.value), (tax, value))
        ):
            continue
        return rest, each
    return None
