"""4,096 documents of 500 ms: two processes on Ray against one, the same number at once."""

from __future__ import annotations

import argparse
import os
import time

from benchmarks.cluster._stage import Model, apart, database, finished, folder, start

DOCUMENTS = int(os.environ.get("CATALYST_BENCHMARK_DOCUMENTS", "4096"))
DELAY_S = 0.5
WIDTH, WORKERS = 128, 2
GOAL = 1.10
ROUNDS = 3


def run(options: argparse.Namespace) -> None:
    """Alternate the two; what is compared is the time from the first call to the last answer."""
    if not apart("pool"):
        return
    ideal = DOCUMENTS * DELAY_S / WIDTH
    print(f"{DOCUMENTS:,} documents, {WIDTH} at once, ideal {ideal:.1f} s")
    best = {"one process": float("inf"), "two on Ray": float("inf")}
    with Model(DELAY_S) as model, folder(DOCUMENTS) as where:
        for number in range(ROUNDS):
            for name in best:
                at_once = WIDTH if name == "one process" else WIDTH // WORKERS
                arguments = ["--force-concurrency", "--concurrency", str(at_once)]
                with database() as url:
                    arguments += ["--database", url]
                    if name == "two on Ray":
                        arguments += ["--engine", "ray", "--workers", str(WORKERS)]
                    model.forget()
                    began = time.monotonic()
                    figures = finished(start(where, model, *arguments))
                whole, work = time.monotonic() - began, model.ended - model.began
                assert figures["done"] == model.count == DOCUMENTS
                best[name] = min(best[name], work)
                print(
                    f"  round {number + 1}, {name}: {work:.1f} s of work "
                    f"({work / ideal:.2f} of ideal), {whole:.1f} s in all, at most {model.peak}",
                    flush=True,
                )
    ratio = best["two on Ray"] / best["one process"]
    print(f"Ray / one process, best of {ROUNDS}: {ratio:.2f} (goal: at most {GOAL})")
