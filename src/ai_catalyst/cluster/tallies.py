"""The shared tallies in plain arithmetic: what the Lua scripts do in Redis, done in Python.

Each function takes one entry, changes it in place and returns the reply; times are in
microseconds of the keeper's clock ``now``, money in 1e-9 USD. The tests hold both languages to the
same replies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["TALLIES", "Entry", "Reply", "breaker", "budget", "crowd", "rate"]

Entry = dict[str, Any]
Reply = list[int]
Arguments = Sequence[str | float]

FORGIVEN_US = 60e6
"""The furthest into the future that a lost rate is taken up again."""


def rate(entry: Entry, now: float, op: str, floor: float, *given: float) -> Reply:
    """Keep one rate: ``lease tolerance cost…``, ``pause time`` or ``back cost began``.

    Replies now, the name of the busy period, when the bucket is full again, and for each cost the
    moment from which it may pass (virtual scheduling, ITU-T I.371).
    """
    if not entry:
        full = min(floor, now + FORGIVEN_US)
        entry.update(full=full, paused=0.0, seen=now, began=now)
    if now < entry["seen"]:
        entry["full"] -= entry["seen"] - now
        entry["paused"] -= entry["seen"] - now
    if entry["full"] < now:
        entry["full"] = entry["began"] = now
    dues: list[float] = []
    if op == "lease":
        tolerance, *costs = given
        for cost in costs:
            dues.append(max(entry["full"] + cost - max(tolerance, cost), entry["paused"]))
            entry["full"] += cost
    elif op == "pause":
        entry["paused"] = max(entry["paused"], now + given[0])
        entry["full"] = max(entry["full"], entry["paused"])
    elif op == "back" and given[1] == entry["began"]:
        entry["full"] = max(entry["full"] - given[0], now, entry["paused"])
    entry["seen"] = now
    return [int(moment) for moment in (now, entry["began"], entry["full"], *dues)]


def breaker(entry: Entry, now: float, op: str, who: str, reset: float, time: float = 0.0) -> Reply:
    """Keep what is known of one endpoint: look, open, close, probe, abandon or hold.

    Replies 1 when it is left alone, the time until a probe may pass, the time for which it asked to
    be left alone, and 1 when ``who`` may probe it now.
    """
    _cut(entry, now + reset)
    shut, probed, mine = entry.get("until"), entry.get("probed"), 0
    if op == "open" and not (shut and shut > now):
        _set(entry, until=now + reset, probed=None, prober="")
    elif op == "close":
        _set(entry, until=None, probed=None, prober="")
    elif op == "probe" and shut and shut <= now and not (probed and probed > now):
        _set(entry, probed=now + reset, prober=who)
        mine = 1
    elif op == "abandon" and entry.get("prober", "") == who:
        _set(entry, probed=None, prober="")
    elif op == "hold":
        entry["hold"] = max(entry.get("hold", 0.0), now + time)
    hold = entry.get("hold", 0.0)
    shut = entry.get("until")
    if not shut and hold <= now:
        entry.clear()
    free = max(shut or 0.0, entry.get("probed") or 0.0)
    return [int(shut is not None), int(max(0.0, free - now)), int(max(0.0, hold - now)), mine]


def _set(entry: Entry, **fields: Any) -> None:
    entry.update(fields)


def _cut(entry: Entry, latest: float) -> None:
    """Make no wait longer than the reset, whatever was done to the clock."""
    for name in ("until", "probed"):
        if entry.get(name):
            entry[name] = min(entry[name], latest)


def crowd(entry: Entry, now: float, op: str, who: str, kept: float) -> Reply:
    """Keep who calls one endpoint: ``here`` or ``gone``; replies how many they are.

    One of whom nothing is heard for ``kept`` is forgotten.
    """
    for name, seen in list(entry.items()):
        if not now - kept < seen <= now:
            del entry[name]
    if op == "here":
        entry[who] = now
    else:
        entry.pop(who, None)
    return [len(entry)]


def budget(entry: Entry, now: float, op: str, *given: Any) -> Reply:
    """Keep one run's money: ``report …`` of an owner, or ``bury name``; see ``budget.lua``.

    Replies when the entry was opened, what the owner holds in all, what is left, what others hold
    and do not use, how long nothing is granted, 1 when others wait for money, what was spent, how
    many owners live.
    """
    owners: dict[str, dict[str, float]] = entry.setdefault("owners", {})
    if op == "bury":
        found = [o for name, o in owners.items() if o["ends"] > 0 and _named(name, given[0])]
        for owner in found:
            _bury(owner)
        return [len(found)]
    return _report(entry, owners, now, given[0], *(float(number) for number in given[1:]))


def _named(owner: str, name: str) -> bool:
    return "#" in owner and owner.rpartition("#")[0] == name


def _bury(owner: dict[str, float]) -> None:
    """What its calls in flight may have cost stays spent, the rest comes back."""
    owner["granted"] = min(owner["granted"], owner["spent"] + owner["reserved"])
    owner["ends"] = 0.0


def _report(
    entry: Entry,
    owners: dict[str, dict[str, float]],
    now: float,
    name: str,
    limit: float,
    floor: float,
    epoch: float,
    lease: float,
    beat: float,
    number: float,
    spent: float,
    reserved: float,
    give: float,
    want: float,
    least: float,
    granted: float,
) -> Reply:
    _open(entry, now, floor, epoch, beat)
    new = {"granted": granted + give, "first": spent, "number": number - 1}
    new.update(spent=spent, reserved=reserved)
    me = owners.setdefault(name, new)
    again = number <= me["number"]
    me["ends"] = now + lease
    if not again:
        me.update(spent=spent, reserved=reserved, number=number)
        me["granted"] -= give
    for owner in owners.values():
        if 0 < owner["ends"] < now:
            _bury(owner)
    base = max(0.0, entry["floor"] - sum(owner["first"] for owner in owners.values()))
    left = limit - base - sum(max(o["granted"], _used(o)) for o in owners.values())
    alive = [owner for owner in owners.values() if owner["ends"] > 0]
    idle = sum(max(0.0, o["granted"] - _used(o)) for o in alive if o is not me)
    if want > 0 and not again and now >= entry["calm"]:
        grant = max(least, min(want, math.floor(left / (2 * len(alive)))))
        if grant <= left:
            me["granted"] += grant
            left -= grant
        elif idle > 0:
            entry["needed"] = now + 3 * beat
    paid = base + sum(owner["spent"] for owner in owners.values())
    needed = float(entry["needed"] > now)
    calm = max(0.0, entry["calm"] - now)
    told = (entry["epoch"], me["granted"], left, idle, calm, needed, paid, len(alive))
    return [int(number) for number in told]


def _open(entry: Entry, now: float, floor: float, epoch: float, beat: float) -> None:
    """Open the entry, or notice that it was lost."""
    if "epoch" not in entry:
        calm = now + 2 * beat if floor > 0 else 0.0
        entry.update(epoch=now, calm=calm, floor=floor, needed=0.0)
    if epoch not in (0, entry["epoch"]):
        entry["calm"] = max(entry["calm"], now + 2 * beat)
    if now < entry["calm"]:
        entry["floor"] = max(entry["floor"], floor)


def _used(owner: dict[str, float]) -> float:
    return owner["spent"] + owner["reserved"]


TALLIES: dict[str, Callable[..., Reply]] = {
    "rate": rate,
    "breaker": breaker,
    "budget": budget,
    "crowd": crowd,
}
