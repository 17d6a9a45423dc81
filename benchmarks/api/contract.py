"""schemathesis against the running service: every check, signed in, stateful."""

from __future__ import annotations

import shutil
import subprocess

from benchmarks.api.service import PASSWORD, running

from ai_catalyst.assistant.client import AssistantClient

# What is in a file no schema can say: bytes that nobody reads are refused, and rightly so; and
# whatever it takes for a wrong value is, as the content of a file, some text like any other.
EXCEPTION = """
[[operations]]
include-path = "/api/v1/documents"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "415", "422"]
checks.negative_data_rejection.expected-statuses = ["202", "400", "401", "405", "413", "415", "422"]
"""


def run(options: object) -> None:
    program = options.schemathesis or shutil.which("schemathesis")
    if program is None:
        print("skipped: pip install schemathesis in an environment of its own, --schemathesis PATH")
        return
    with running(access_token_minutes=600) as service:
        link = (service.folder / "log").read_text().partition("invitation=")[2].split()[0]
        with AssistantClient(service.address) as client:
            client.register("a@example.org", PASSWORD, invitation=link)
            client.login("a@example.org", PASSWORD)
            token = client._client._wire.token
        command = [
            program,
            "run",
            f"{service.address}/api/openapi.json",
            "--header",
            f"Authorization: Bearer {token}",
            "--checks",
            "all",
            "--max-examples",
            str(options.examples),
            "--phases",
            "examples,coverage,fuzzing,stateful",
            "--exclude-path",
            "/api/auth/logout",  # it would sign the tester out
        ]
        (service.folder / "schemathesis.toml").write_text(EXCEPTION)
        done = subprocess.run(command, capture_output=True, text=True, cwd=service.folder)
        print("\n".join((done.stdout + done.stderr).splitlines()[-int(options.lines) :]))
