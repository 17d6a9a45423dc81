"""The assistant as a real process that can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from browser import free_port
from program import Catalyst


class Running:
    """One service that can be killed and started again on the same state."""

    def __init__(self, catalyst: Catalyst, *arguments: str) -> None:
        self.catalyst = catalyst
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = catalyst.folder / "service.log"
        self.arguments = arguments
        self.start()

    def start(self) -> None:
        self.process = self.catalyst.start(
            "serve", "--port", str(self.port), *self.arguments, log=self.log
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{self.address}/health/ready", timeout=5).close()
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def workers(self) -> list[int]:
        """Return the processes that serve, when there are several."""
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
        self.process.wait(20)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
