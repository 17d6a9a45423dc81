"""Workers, a node and the driver killed in the middle: what is lost, doubled, repeated, delayed."""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cluster._stage import Model, apart, database, finished, folder, rows, start

DOCUMENTS = 1024
DELAY_S = 0.25
AT_ONCE = 8
NODES = 2


def run(options: argparse.Namespace) -> None:
    """Run once undisturbed, then once a kind of death."""
    if not apart("kills"):
        return
    with Model(DELAY_S) as model, folder(DOCUMENTS) as where:
        os.environ["CATALYST_LOCAL_URL"] = model.url
        os.environ["CATALYST_LOCAL_MODEL"] = "test-model"
        print(f"{DOCUMENTS:,} documents of {DELAY_S} s, {NODES} nodes x {AT_ONCE} at once")
        quiet = _measure("nothing dies", where, model, None, 0.0)
        for name, kill in (
            ("a worker", _kill_worker),
            ("a node", _kill_node),
            ("the driver", _kill_driver),
        ):
            _measure(name, where, model, kill, quiet)


def _measure(
    name: str, where: Path, model: Model, kill: Callable[..., Any] | None, quiet: float
) -> float:
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": 80 << 20}
    there = Path.cwd()
    os.chdir(where)
    os.environ["CATALYST_HOME"] = str(where / f"node-{name.replace(' ', '-')}")
    cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **options})
    second = cluster.add_node(**options)
    os.chdir(there)
    try:
        with database() as url:
            arguments = ["--engine", "ray", "--address", cluster.address, "--database", url]
            arguments += ["--concurrency", str(AT_ONCE)]
            model.forget()
            process = start(where, model, *arguments)
            if kill is not None:
                while model.count < DOCUMENTS // 3:
                    time.sleep(0.05)
                process = kill(process, url, lambda: cluster.remove_node(second, False)) or start(
                    where, model, *arguments
                )
            finished(process)
            took = model.ended - model.began
            _tell(name, url, model, took, quiet)
            return took
    finally:
        cluster.shutdown()


def _kill_worker(process: Any, url: str, end_node: Callable[[], Any]) -> Any:
    found = rows(url, "SELECT pid FROM shared_owners WHERE NOT dead AND name LIKE '%/%'")
    os.kill(found[0][0], signal.SIGKILL)
    return process


def _kill_node(process: Any, url: str, end_node: Callable[[], Any]) -> Any:
    end_node()
    return process


def _kill_driver(process: Any, url: str, end_node: Callable[[], Any]) -> Any:
    process.kill()
    process.communicate()


def _tell(name: str, url: str, model: Model, took: float, quiet: float) -> None:
    (last,) = rows(url, "SELECT max(id) FROM runs")[0]
    named = rows(url, "SELECT count(DISTINCT uri), count(*) FROM run_items WHERE run = $1", last)
    twice = rows(url, "SELECT key FROM journal GROUP BY key HAVING count(*) > 1")
    distinct, listed = named[0]
    later = f", {took - quiet:+.1f} s" if quiet else ""
    print(
        f"  {name}: lost {DOCUMENTS - distinct}, doubled {listed - distinct + len(twice)}, "
        f"repeated calls {model.count - DOCUMENTS} (in flight: {NODES * AT_ONCE}), "
        f"{took:.1f} s of work{later}",
        flush=True,
    )
