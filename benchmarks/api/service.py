"""A real service in a folder of its own, with people in it; and a model that takes its time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PASSWORD = "correct horse battery"


class Service:
    def __init__(self, folder: Path, *arguments: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.arguments = arguments
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "ai_catalyst", "serve", "--port", str(self.port)]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                cwd=self.folder,
                env={**os.environ, "CATALYST_HOME": str(self.folder / "home")},
                stdout=log,
                stderr=log,
            )
        for _ in range(1200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.address}/health/ready", timeout=5).close()
                return
            time.sleep(0.1)
        raise SystemExit((self.folder / "log").read_text())

    def workers(self) -> list[int]:
        out = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", "spawn_main"],
            capture_output=True,
            text=True,
        ).stdout
        return [int(pid) for pid in out.split()]

    def kill(self) -> None:
        for pid in [*self.workers(), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> float:
        started = time.monotonic()
        self.process.terminate()
        self.process.wait()
        return time.monotonic() - started


@contextlib.contextmanager
def running(*arguments: str, model: str = "", **serve: object) -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"serve: {{logins_per_minute: 100000, {_yaml(serve)}}}"]
        lines.append(
            f"endpoints: [{{name: m, tier: local, url: '{model}', model: test-model, "
            "max_concurrent: 256}]"
            if model
            else "model: none"
        )
        (folder / "catalyst.yaml").write_text("\n".join(lines) + "\n")
        service = Service(folder, *arguments)
        try:
            yield service
        finally:
            if service.process.poll() is None:
                service.kill()


def _yaml(values: dict[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())
