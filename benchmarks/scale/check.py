"""The plan held against real runs: what it says of a few hundred documents, and what they took."""

from __future__ import annotations

from benchmarks.scale.plan import constants, longest_s
from benchmarks.scale.tables import table
from benchmarks.scale.trial import run

RUNS = ((96, 6.0, 4.0, 16), (96, 12.0, 4.0, 16), (192, 6.0, 2.0, 16))
"""Documents, KB each, seconds of the model, documents at once."""


def check() -> str:
    """Return a table: seconds of work and CPU of the program, foreseen and measured."""
    known, rows = constants(), []
    for documents, kilobytes, model_s, at_once in RUNS:
        work_s, cpu_s = longest_s(documents, kilobytes, model_s, at_once, known)
        trial = run(documents, kilobytes, model_s=model_s, at_once=at_once, database=True)
        stored = documents * known["database_bytes"].value
        stored = (stored + known["start_database_bytes"].value) / 1e6
        kept = trial.database_bytes / 1e6
        rows.append(
            (
                f"{documents} of {kilobytes:g} KB, {model_s:g} s, {at_once} at once",
                against(work_s, trial.work_s),
                against(cpu_s, trial.cpu_s),
                against(stored, kept),
                f"{documents:.0f} → {trial.calls}",
            )
        )
    head = ("run", "work, s", "CPU, s", "PostgreSQL, MB", "calls")
    return table(head, rows) + "\n\nForeseen → measured (how far off the plan was)."


def against(foreseen: float, measured: float) -> str:
    return f"{foreseen:.3g} → {measured:.3g} ({foreseen / measured - 1:+.0%})"
