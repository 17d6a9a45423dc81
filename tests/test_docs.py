"""Every example in the README and the docs runs; every command and file they name is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)(.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def blocks(language: str) -> list[tuple[str, str]]:
    """Return (page:line, code) of each block of a language; one marked `skip` is left out."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[1] == language and "skip" not in match[2]:
                line = text.count("\n", 0, match.start()) + 1
                found.append((f"{page.relative_to(ROOT)}:{line}", match[3]))
    return found


ELSEWHERE = {
    "docs/tutorial-assistant.md": "tests/e2e/test_assistant_tutorial.py",  # against the service
    "docs/how-to/models.md": "tests/llm/test_docs.py",  # against a model server
    "docs/how-to/privacy.md": "tests/privacy/test_docs.py",
}


def programs() -> dict[str, str]:
    """Return the examples of each page as one program: later ones go on from earlier ones."""
    pages: dict[str, str] = {}
    for place, code in blocks("python"):
        page = place.partition(":")[0]
        if page not in ELSEWHERE:
            pages[page] = f"{pages.get(page, '')}\n{code}"
    return pages


@pytest.mark.parametrize(("page", "code"), programs().items(), ids=lambda value: value[:40])
def test_the_examples_of_a_page_run(page: str, code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", code],
        cwd=tmp_path_with_samples(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{page}\n{done.stdout}\n{done.stderr}"


def test_the_examples_that_need_servers_are_run_where_the_servers_are() -> None:
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text(encoding="utf-8"), test


def tmp_path_with_samples(folder: Path) -> Path:
    (folder / "samples").symlink_to(ROOT / "samples")
    return folder


def test_every_link_leads_to_a_file() -> None:
    broken = []
    for page in PAGES:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, broken


def test_every_command_that_is_shown_exists() -> None:
    from ai_catalyst.cli.main import app

    known = {command.name for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    shown = {
        (place, match[1])
        for place, code in blocks("sh")
        for match in re.finditer(r"^(?:\$ )?catalyst ([a-z-]+)", code, re.MULTILINE)
    }
    assert shown
    assert not [(place, name) for place, name in shown if name not in known]


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        name for _, code in blocks("sh") for name in re.findall(r"^make (\w+)", code, re.MULTILINE)
    }
    assert shown <= targets


def test_the_readme_output_is_what_the_example_prints() -> None:
    code = next(code for place, code in blocks("python") if "555-1234" in code)
    first = code.split("\n\nfor ")[0]
    done = subprocess.run([sys.executable, "-c", first], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == re.search(r"# (.*)$", first, re.MULTILINE)[1]  # type: ignore[index]


def test_nothing_committed_names_a_download_address() -> None:
    for name in ("constraints.txt", "pyproject.toml", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text()
        assert "index-url" not in text
        assert "find-links" not in text
        assert not re.search(r"@ (https?|file):", text), name
