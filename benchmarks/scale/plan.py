"""What a number of documents needs, by arithmetic from measured constants and named assumptions.

Everything is a rate against what serves it: documents a second × what one document takes. The
resource whose load is highest breaks first.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

DAY = 86_400.0


@dataclass(frozen=True)
class Constant:
    """A measured number, with how and where it was measured."""

    value: float
    unit: str
    how: str
    where: str


def constants() -> dict[str, Constant]:
    """Return what `benchmarks.scale.measure` has kept."""
    text = Path(__file__).with_name("constants.json").read_text(encoding="utf-8")
    return {name: Constant(**fields) for name, fields in json.loads(text).items()}


@dataclass(frozen=True)
class Assumption:
    """A number that nobody here can measure: a price, a provider's promise, a machine."""

    value: float
    unit: str
    why: str


ASSUMED = {
    "answer_tokens": Assumption(700, "tokens", "what the program's own estimates reckon"),
    "bytes_per_token": Assumption(4, "bytes", "English text; learned while it runs"),
    "model_s": Assumption(5, "s", "one call, from request to whole answer"),
    "requests_per_minute": Assumption(30_000, "1/min", "a provider's largest usual tier; ask"),
    "tokens_per_minute": Assumption(150e6, "1/min", "the same"),
    "input_usd": Assumption(0.15, "USD/million tokens", "a small cloud model: gpt-4o-mini"),
    "output_usd": Assumption(0.60, "USD/million tokens", "the same"),
    "cores": Assumption(8, "cores", "of one worker machine"),
    "busy": Assumption(0.7, "", "the share of a core that is planned with"),
    "machine_usd": Assumption(0.30, "USD/h", "one worker machine with 32 GB, rented"),
    "worker_mb": Assumption(200, "MB", "one worker process, its parsers with it"),
    "in_flight": Assumption(256, "calls", "most that one process has under way at an endpoint"),
    "database_cores": Assumption(16, "cores", "of the machine of PostgreSQL"),
    "database_disk_mb_s": Assumption(200, "MB/s", "what its disk takes, steadily"),
    "database_disk_gb": Assumption(2_000, "GB", "what its disk holds"),
    "ray_overhead": Assumption(1.07, "×", "one call a shard of 256 documents, the worst measured"),
}
TOLD_PER_S, LOOKS_PER_S, LEASES_PER_S, CROWD = 20.0, 4.0, 50.0, 20.0
"""What `ai_catalyst.cluster` asks of Redis: reports and looks of a process, leases of a rate."""


@dataclass(frozen=True)
class Scenario:
    """So many documents of a size in so many days."""

    name: str
    documents: float
    days: float
    kilobytes: float = 6.0


SCENARIOS = (
    Scenario("10⁸ in a day", 1e8, 1),
    Scenario("10⁹ in ten days", 1e9, 10),
    Scenario("10⁹ in a day", 1e9, 1),
)


@dataclass(frozen=True)
class Load:
    """How much of one resource is needed, of how much there is."""

    resource: str
    need: float
    have: float
    unit: str
    then: str

    @property
    def share(self) -> float:
        """Return need over have."""
        return self.need / self.have


@dataclass(frozen=True)
class Plan:
    """A scenario's needs; rates are a second, money is USD."""

    scenario: Scenario
    per_s: float
    prompt_tokens: float
    in_flight: float
    cores: float
    machines: int
    processes: int
    redis: float
    database_cores: float
    log_mb_s: float
    database_gb: float
    state_gb: float
    model_usd: float
    machines_usd: float
    loads: tuple[Load, ...]

    @property
    def days(self) -> float:
        """Return the days it takes when only the provider's quota holds it up."""
        return self.scenario.days * max(1.0, *(load.share for load in self.loads[:2]))

    @property
    def first(self) -> Load:
        """Return what breaks first."""
        return max(self.loads, key=lambda load: load.share)


def value(name: str) -> float:
    """Return an assumption."""
    return ASSUMED[name].value


def plan(scenario: Scenario, known: dict[str, Constant]) -> Plan:
    """Reckon a scenario through."""
    fact = {name: constant.value for name, constant in known.items()}
    documents, per_s = scenario.documents, scenario.documents / scenario.days / DAY
    size = scenario.kilobytes * 1024
    prompt = (size + fact["prompt_bytes"]) / value("bytes_per_token") * fact["calls"]
    answer = value("answer_tokens") * fact["calls"]
    calls = per_s * fact["calls"]
    in_flight = calls * value("model_s")
    cpu_s = document_cpu_s(scenario.kilobytes, fact) * value("ray_overhead")
    cores = per_s * cpu_s / value("busy")
    processes = math.ceil(max(cores, in_flight / value("in_flight")))
    machines = math.ceil(processes / value("cores"))
    redis = redis_load(processes, fact)
    database_cores = per_s * fact["database_cpu_s"] / value("busy")
    log_mb_s = per_s * fact["log_bytes"] / 1e6
    database_gb = documents * fact["database_bytes"] / 1e9
    usd = documents * (prompt * value("input_usd") + answer * value("output_usd")) / 1e6
    loads = (
        Load(
            "the provider's requests",
            calls * 60,
            value("requests_per_minute"),
            "1/min",
            "more accounts or providers (one endpoint each), batches at night, own model servers",
        ),
        Load(
            "the provider's tokens",
            per_s * 60 * (prompt + answer),
            value("tokens_per_minute"),
            "1/min",
            "the same; shorter prompts and answers",
        ),
        Load(
            "Redis, one core",
            redis,
            1.0,
            "cores",
            "a Redis for each account: rates and budget are the account's, not the run's",
        ),
        Load(
            "CPU of PostgreSQL",
            database_cores,
            value("database_cores"),
            "cores",
            "a database for each part of the sources: keys are content hashes, so they part well",
        ),
        Load(
            "log of PostgreSQL",
            log_mb_s,
            value("database_disk_mb_s"),
            "MB/s",
            "a faster disk, then as above",
        ),
        Load(
            "disk of PostgreSQL",
            database_gb,
            value("database_disk_gb"),
            "GB",
            "`forget` what was exported, or as above",
        ),
    )
    return Plan(
        scenario,
        per_s,
        prompt,
        in_flight,
        cores,
        machines,
        processes,
        redis,
        database_cores,
        log_mb_s,
        database_gb,
        documents * fact["state_bytes"] / 1e9,
        usd,
        machines * scenario.days * 24 * value("machine_usd"),
        loads,
    )


def document_cpu_s(kilobytes: float, fact: dict[str, float]) -> float:
    """Return the CPU that a document of a size takes beside the model."""
    return fact["cpu_s"] + fact["cpu_s_per_kb"] * kilobytes


def redis_load(processes: int, fact: dict[str, float]) -> float:
    """Return the share of Redis's one core: leases of two rates, looks, and reports of a budget.

    Leases hold 2 % of a second's permits each, so their number does not grow with the rate. From
    twenty processes on, those who share a budget take turns in telling, up to a second apart.
    """
    told = max(1.0, TOLD_PER_S / max(1.0, processes / CROWD))
    report = fact["report_s"] + fact["report_s_per_owner"] * (processes - 1)
    leases = 2 * max(LEASES_PER_S, processes) * fact["lease_s"]
    return leases + processes * (LOOKS_PER_S * fact["look_s"] + told * report)


def most_processes(known: dict[str, Constant]) -> int:
    """Return with how many processes under one budget Redis is full."""
    fact = {name: constant.value for name, constant in known.items()}
    many = 1
    while redis_load(many + 1, fact) < 1.0:
        many += 1
    return many


def longest_s(
    documents: int, kilobytes: float, model_s: float, at_once: int, known: dict[str, Constant]
) -> tuple[float, float]:
    """Return what one run on one machine takes: seconds of work, and CPU seconds of the program.

    What is made once, and then whichever takes longer: waiting for the model with so many at once,
    or one core.
    """
    fact = {name: constant.value for name, constant in known.items()}
    cpu = documents * document_cpu_s(kilobytes, fact)
    rounds = math.ceil(documents * fact["calls"] / at_once)
    return fact["warm_s"] + max(rounds * model_s, cpu), cpu + fact["start_cpu_s"]
