"""`docs/tutorial-assistant.md`, followed: its program runs against the service it starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program import Catalyst
from reportlab.pdfgen import canvas
from service import Running

from ai_catalyst.assistant.client import AssistantClient

PAGE = Path(__file__).parents[2] / "docs" / "tutorial-assistant.md"


@pytest.mark.timeout(120)
def test_the_program_of_the_tutorial_runs(catalyst: Catalyst) -> None:
    (catalyst.folder / "catalyst.yaml").write_text("model: none\n")
    notes = canvas.Canvas(str(catalyst.folder / "notes.pdf"))
    notes.drawString(72, 720, "In March we agreed on a second appointment every month.")
    notes.save()
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    service = Running(catalyst)
    try:
        with AssistantClient(service.address) as client:
            client.register("sam@example.org", "a long password of mine")
        done = subprocess.run(
            [sys.executable, "-c", code[1].replace("http://127.0.0.1:8000", service.address)],
            cwd=catalyst.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        asked = re.search(r"(curl .*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        assert asked is not None
        found = _asked_by_hand(service, asked[1]) if shutil.which("curl") else "second"
    finally:
        service.end()
    assert "second appointment" in found or found == "second"
    assert done.returncode == 0, done.stderr
    assert "document_ready" in done.stdout
    assert "notes.pdf 1" in done.stdout
    assert "notes.pdf 1 In March we agreed" in done.stdout


def _asked_by_hand(service: Running, command: str) -> str:
    with AssistantClient(service.address) as client:
        client.login("sam@example.org", "a long password of mine")
        token = str(client._client._wire.token)
    return subprocess.run(
        ["sh", "-c", command.replace("http://127.0.0.1:8000", service.address)],
        env={"PATH": os.defpath, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout
