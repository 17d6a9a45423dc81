"""A real browser for the tests: the system's Chromium, headless, that talks to loopback alone."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def need_browser() -> None:
    """Skip with the reason; in CI, where everything is installed, fail."""
    there = {
        "chromium": Path(CHROMIUM).exists(),
        "playwright": importlib.util.find_spec("playwright") is not None,
    }
    for what, is_there in there.items():
        if not is_there:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{what} is not installed")
            pytest.skip(f"{what} is not installed")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def browser_page(
    profile: Path, *, dark: bool = False, width: int = 1100, height: int = 850
) -> Iterator[tuple[Page, list[str]]]:
    """Open a page in a new browser; what its console complains of is in the list."""
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=CHROMIUM,
            headless=True,
            args=list(QUIET),
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
        )
        try:
            page = context.pages[0] if context.pages else context.new_page()
            page.on(
                "console",
                lambda told: complaints.append(told.text) if told.type == "error" else None,
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            yield page, complaints
        finally:
            context.close()


def keep_picture(page: Page, name: str, folder: Path) -> Path:
    """Keep a picture of a page as an artefact of the test; returns where."""
    kept = Path(os.environ.get("CATALYST_ARTEFACTS") or folder)
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"{name}.png"
    page.screenshot(path=str(path), full_page=True)
    return path
