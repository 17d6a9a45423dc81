"""``catalyst run`` with a model: asked once, paid once, and told nothing personal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from program import Catalyst

from ai_catalyst.llm.testing import Behaviour, ModelServer, Request

Write = Callable[[str, str | bytes], Path]

LETTER = (
    "Dear Dr. Quillfeather, please call Miranda Thistlewood on (555) 010-4477 or write to "
    "miranda.thistlewood@example.com before Friday. Her card is 4111 1111 1111 1111. "
    "The boiler in the east wing has failed again and the tenants are cold.\n"
)
CANARIES = ("Quillfeather", "Thistlewood", "010-4477", "example.com", "4111 1111")


def reads(request: Request) -> Behaviour:
    """Answer with the schema, naming back whoever the prompt named."""
    named = re.findall(r"<NAME_\d+>|Miranda Thistlewood", request.prompt)
    answer = {
        "summary": f"{named[-1] if named else 'Somebody'} waits for the boiler to be repaired.",
        "key_points": ["The boiler failed.", "The tenants are cold."],
        "topics": ["boiler"],
        "entities": {
            "people": named[:1],
            "organisations": [],
            "places": [],
            "dates": [],
            "other": [],
        },
        "why_it_matters": "It is winter.",
        "methodology": "",
        "findings": [],
        "confidence": 0.9,
    }
    return Behaviour(text=json.dumps(answer), usage=(1000, 100))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(reads) as server:
        yield server


def cloud(server: ModelServer) -> str:
    """Settings for the test server, treated as what it stands for: somebody else's machine."""
    return (
        "endpoints:\n"
        f"  - {{name: pretend-cloud, tier: cloud, url: '{server.url}', model: gpt-4o-mini, "
        "key: not-a-real-key, private: false}\n"
    )


def exported(folder: Path) -> list[dict[str, object]]:
    return list(json.loads((folder / "output" / "articles_export.json").read_text()))


def test_a_local_model_reads_every_document_once(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    for number in range(5):
        write(f"inbox/{number}.txt", f"Notice {number}. {LETTER}")
    options = {"CATALYST_LOCAL_URL": server.url, "CATALYST_LOCAL_MODEL": "test-model"}

    first = json.loads(catalyst("run", "inbox", "--json", **options).stdout)
    again = catalyst("run", "inbox", **options)

    assert (first["done"], first["calls"], first["cost_usd"]) == (5, 5, 0.0)
    assert server.count == 5
    assert "5 unchanged, 0 calls, $0.00" in again.stdout
    assert all("boiler" in str(d["analysis"]["summary"]) for d in exported(catalyst.folder))  # type: ignore[index]


def test_nothing_personal_reaches_a_model_that_is_not_ours(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    write("catalyst.yaml", cloud(server))
    write("inbox/letter.txt", LETTER)

    figures = json.loads(catalyst("run", "inbox", "--json").stdout)

    sent = json.dumps([request.body for request in server.requests])
    assert "boiler" in sent
    assert not [canary for canary in CANARIES if canary in sent]
    (document,) = exported(catalyst.folder)
    assert "Thistlewood" in json.dumps(document)
    assert "<NAME_" not in json.dumps(document)
    assert figures["bytes_sent"] > 0
    assert figures["cost_usd"] > 0


def test_the_ledgers_tell_what_left_and_what_it_cost(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    write("catalyst.yaml", cloud(server))
    write("inbox/letter.txt", LETTER)
    catalyst("run", "inbox")

    (left,) = json.loads(catalyst("egress", "--json").stdout)
    assert left["endpoint"] == "pretend-cloud"
    assert left["bytes"] > 0
    assert left["findings"]["NAME"] >= 1
    assert left["findings"]["EMAIL"] == 1
    shown = catalyst("egress").stdout + catalyst("costs").stdout
    assert not [canary for canary in CANARIES if canary in shown]
    (day,) = json.loads(catalyst("costs", "--json").stdout)
    assert day["calls"] == 1
    assert day["prompt_tokens"] == 1000
    assert catalyst("costs", "--by", "endpoint").stdout.startswith("pretend-cloud\t1\t1,000\t100")
    assert "--by" in catalyst("costs", "--by", "mood", exits=2).stderr


def test_a_budget_ends_the_run_before_it_is_overdrawn(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    write("catalyst.yaml", cloud(server) + "budget_usd: 0.0000001\n")
    write("inbox/letter.txt", LETTER)
    done = catalyst("run", "inbox", exits=5)
    assert server.count == 0
    assert "budget" in (done.stdout + done.stderr).lower()


def test_a_dead_model_is_said_so_and_costs_no_document_its_place(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    write("inbox/a.txt", LETTER)
    dead = {"CATALYST_LOCAL_URL": "http://127.0.0.1:9/v1", "CATALYST_LOCAL_MODEL": "m"}
    done = catalyst("run", "inbox", exits=7, **dead)
    assert "Traceback" not in done.stderr
    (document,) = exported(catalyst.folder)
    assert document["error"]
    alive = {"CATALYST_LOCAL_URL": server.url, "CATALYST_LOCAL_MODEL": "m"}
    catalyst("run", "inbox", **alive)
    assert exported(catalyst.folder)[0]["error"] is None


def test_a_model_that_stumbles_costs_only_that_document(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    def sometimes(request: Request) -> Behaviour:
        return Behaviour(status=400) if "Notice 2" in request.prompt else reads(request)

    server.default = sometimes
    for number in range(5):
        write(f"inbox/{number}.txt", f"Notice {number}. {LETTER}")
    options = {"CATALYST_LOCAL_URL": server.url, "CATALYST_LOCAL_MODEL": "test-model"}
    catalyst("run", "inbox", exits=1, **options)
    failed = [d["url"] for d in exported(catalyst.folder) if d["error"]]
    assert failed == ["inbox/2.txt"]


def test_no_model_means_no_model(catalyst: Catalyst, write: Write, server: ModelServer) -> None:
    write("inbox/letter.txt", LETTER)
    options = {"CATALYST_LOCAL_URL": server.url, "CATALYST_LOCAL_MODEL": "test-model"}
    catalyst("run", "inbox", "--model", "none", **options)
    assert server.count == 0


def test_endpoints_are_shown_with_their_health(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    write("catalyst.yaml", cloud(server))
    (found,) = json.loads(catalyst("endpoints", "--json").stdout)
    assert (found["name"], found["reachable"], found["private"]) == ("pretend-cloud", True, False)
    shown = catalyst("endpoints").stdout
    assert "never" in shown
    assert "not-a-real-key" not in shown
    nobody = catalyst("endpoints", "--config", str(write("empty.yaml", "")), exits=7)
    assert "no model is configured" in nobody.stdout


def test_a_dry_run_asks_no_model_but_tells_the_price(
    catalyst: Catalyst, write: Write, server: ModelServer
) -> None:
    write("catalyst.yaml", cloud(server))
    write("inbox/letter.txt", LETTER * 50)
    plan = json.loads(catalyst("run", "inbox", "--dry-run", "--json").stdout)
    assert plan["cost_usd"] > 0
    assert plan["documents"][0]["personal"] > 0
    assert not [r for r in server.requests if "messages" in r.body]
