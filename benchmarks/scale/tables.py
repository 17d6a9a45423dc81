"""The plan as Markdown: what `docs/scale.md` shows between its marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.scale.plan import ASSUMED, SCENARIOS, Plan, constants, most_processes, plan

Row = tuple[str, Callable[[Plan], str]]

ROWS: tuple[Row, ...] = (
    ("documents a second", lambda p: number(p.per_s)),
    ("calls under way", lambda p: number(p.in_flight)),
    ("permits a second: requests", lambda p: number(p.per_s)),
    ("permits a second: tokens", lambda p: number(p.loads[1].need / 60)),
    ("cores of workers", lambda p: number(p.cores)),
    ("worker processes; machines of 8 cores", lambda p: f"{p.processes}; {p.machines}"),
    ("memory of workers", lambda p: f"{number(p.processes * ASSUMED['worker_mb'].value / 1e3)} GB"),
    ("Redis, of its one core", lambda p: f"{p.redis:.1%}"),
    ("PostgreSQL: cores", lambda p: number(p.database_cores)),
    ("PostgreSQL: log", lambda p: f"{number(p.log_mb_s)} MB/s"),
    ("PostgreSQL: disk at the end", lambda p: f"{number(p.database_gb)} GB"),
    ("caches and reports, all machines", lambda p: f"{number(p.state_gb)} GB"),
    ("days, where the quota is as assumed", lambda p: number(p.days)),
    ("the model", lambda p: f"{number(p.model_usd)} USD"),
    ("the worker machines", lambda p: f"{number(p.machines_usd)} USD"),
)


def number(value: float) -> str:
    """Write a number with three digits that count."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value / 10**digits) * 10**digits:,}"
    return f"{value:.3g}"


def small(value: float) -> str:
    """Write a measured number: seconds below 0.1 in ms or µs come with their prefix."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def measured() -> str:
    """Return the constants."""
    known = constants()
    rows = [
        (name.replace("_", " "), f"{small(c.value)} {c.unit}", c.how) for name, c in known.items()
    ]
    where = next(iter(known.values())).where
    return table(("constant", "value", "how"), rows) + f"\n\nAll: {where}."


def assumed() -> str:
    """Return the assumptions."""
    rows = [
        (name.replace("_", " "), f"{small(a.value)} {a.unit}".strip(), a.why)
        for name, a in ASSUMED.items()
    ]
    return table(("assumption", "value", "why"), rows)


def plans() -> list[Plan]:
    """Return every scenario's plan."""
    known = constants()
    return [plan(scenario, known) for scenario in SCENARIOS]


def needs() -> str:
    """Return what each scenario needs."""
    made = plans()
    rows = [(name, *(show(one) for one in made)) for name, show in ROWS]
    return table(("", *(one.scenario.name for one in made)), rows)


def breaks() -> str:
    """Return what breaks first, second, …, in each scenario: how full each resource is."""
    made = plans()
    order = sorted(made[0].loads, key=lambda load: -load.share)
    rows = []
    for load in order:
        mine = [next(o for o in one.loads if o.resource == load.resource) for one in made]
        shares = [f"{each.share:.0%}" if each.share >= 0.01 else "under 1 %" for each in mine]
        have = f"{small(load.have)} {load.unit}"
        rows.append((load.resource, have, *shares, load.then))
    return table(
        ("resource", "what there is", *(one.scenario.name for one in made), "what then"), rows
    )


def crowd() -> str:
    """Return where one Redis ends."""
    most, made = most_processes(constants()), plans()[0]
    speed = most * made.per_s / made.cores
    return (
        f"One Redis is full at {most} processes under one budget, which do {number(speed)}"
        " documents a second."
    )


SECTIONS: dict[str, Callable[[], str]] = {
    "needs": needs,
    "breaks": breaks,
    "crowd": crowd,
    "measured": measured,
    "assumed": assumed,
}
