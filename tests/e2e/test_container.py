"""The container file and compose.yaml, without an engine: what they name is there and fits."""

from __future__ import annotations

import fnmatch
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from ai_catalyst.cli.main import app
from ai_catalyst.settings import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
KEYS = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY"}
MODELS = {"CATALYST_LOCAL_URL", "CATALYST_LOCAL_MODEL"}
MODELS |= {"CATALYST_NETWORK_URL", "CATALYST_NETWORK_MODEL"}


def instructions() -> list[tuple[str, str]]:
    """Return the container file's instructions and what each one is given."""
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [
        (word, " ".join(rest.split())) for word, _, rest in (one.partition(" ") for one in lines)
    ]


def given(name: str) -> list[str]:
    return [what for word, what in instructions() if word == name]


def parse(arguments: list[str]) -> None:
    """Have the command line parse arguments, and run nothing; raises what a person would see."""
    command = typer.main.get_command(app)
    context = click.Context(command)  # type: ignore[arg-type]
    name, rest = arguments[0], arguments[1:]
    found = command.get_command(context, name)  # type: ignore[attr-defined]
    assert found is not None, f"there is no command {name}"
    found.make_context(name, list(rest))


def readme_steps() -> list[list[str]]:
    """Return the commands of the README's section on containers, word by word."""
    section = (
        (ROOT / "README.md").read_text("utf-8").split("## In a container")[1].split("\n## ")[0]
    )
    code = "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    return [shlex.split(line, comments=True) for line in code.splitlines() if line.strip()]


def test_the_image_is_of_a_python_that_the_project_supports() -> None:
    lowest = tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))
    for image in given("FROM"):
        version = re.match(r"python:(\d+)\.(\d+)-slim", image)
        assert version, image
        assert tuple(map(int, version.groups())) >= lowest
        assert (
            f"Programming Language :: Python :: {version[1]}.{version[2]}" in PROJECT["classifiers"]
        )


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".containerignore").read_text("utf-8")
    kept = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    copied = [word for what in given("COPY") if "--from" not in what for word in what.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert any(fnmatch.fnmatch(path.removeprefix("./"), pattern) for pattern in kept), path
    assert sorted(kept) == sorted(copied), "nothing but what is copied may enter the build"
    assert "\n*\n" in ignored
    assert (ROOT / ".dockerignore").read_text("utf-8") == ignored, "two engines, one list"


def test_what_the_project_needs_to_be_built_is_copied() -> None:
    copied = " ".join(given("COPY")).split()
    assert {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "src"} <= set(copied)


def test_the_extras_that_are_installed_exist() -> None:
    (extras,) = re.findall(r"'\.\[([\w,-]+)\]'", " ".join(given("RUN")))
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    assert "serve" in extras.split(","), "the assistant runs from the same image"


def test_nobody_is_root_and_the_entry_point_is_the_program() -> None:
    words = [word for word, _ in instructions()]
    assert given("USER") == ["10001"]
    assert "RUN" not in words[words.index("USER") :]
    assert given("ENTRYPOINT") == ['["catalyst"]']
    assert "catalyst" in PROJECT["scripts"]
    assert given("VOLUME") == given("WORKDIR")[-1:] == ["/data"]


def test_no_secret_is_in_either_file() -> None:
    for name in ("Containerfile", "compose.yaml"):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search(r"(KEY|TOKEN|SECRET|PASSWORD)\w*\s*[=:]\s*\S", text), name
        assert "index-url" not in text, name


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_runs_what_the_program_has(name: str) -> None:
    service: dict[str, Any] = COMPOSE["services"][name]
    assert service["build"]["dockerfile"] == "Containerfile"
    assert service["init"] is True, "worker processes that end are reaped"
    if "command" in service:
        parse(service["command"])
    for variable in service["environment"]:
        assert variable in {*ENVIRONMENT, *KEYS, *MODELS}, variable
    for volume in service["volumes"]:
        source, target = volume.split(":")[:2]
        assert target.startswith("/data")
        assert source.startswith("./") or source in COMPOSE["volumes"], volume


def test_the_assistant_is_reached_from_this_machine_alone() -> None:
    assistant = COMPOSE["services"]["assistant"]
    assert assistant["command"] == ["serve", "--host", "0.0.0.0"]
    (port,) = assistant["ports"]
    assert port == "127.0.0.1:8000:8000"
    assert given("EXPOSE") == ["8000"]
    from fastapi.testclient import TestClient

    from ai_catalyst.assistant import app as service

    assert "/health/live" in " ".join(assistant["healthcheck"]["test"])
    assert TestClient(service).get("/health/live").status_code == 200


def test_the_readmes_steps_are_steps_of_these_files() -> None:
    steps = readme_steps()
    asked = [step for step in steps if step[:2] == ["docker", "compose"]]
    assert ["docker", "compose", "build"] in asked
    assert [step for step in asked if step[2] == "run" and "--concurrency" in step]
    for step in asked:
        words = [word for word in step[3:] if word not in {"--rm", "-d"}]
        if step[2] in {"run", "up"}:
            assert words[0] in COMPOSE["services"], step
        if step[2] == "run":
            parse(words[1:])


def test_the_folders_that_are_mounted_are_made_by_the_readme() -> None:
    made = {f"./{name}" for step in readme_steps() if step[0] == "mkdir" for name in step[2:]}
    mounted = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service["volumes"]
        if volume.startswith("./")
    }
    assert mounted <= made


def test_the_variables_of_the_readme_are_those_of_compose() -> None:
    wanted = set(re.findall(r"\$\{(\w+):-", (ROOT / "compose.yaml").read_text("utf-8")))
    (step,) = [step for step in readme_steps() if step[0] == "printf"]
    assert wanted == set(re.findall(r"([A-Z_]+)=%s", step[1]))


def test_the_contracts_own_command_is_understood() -> None:
    parse(shlex.split("run --limit 10 --async --concurrency 8"))
    with pytest.raises(Exception, match="no-such"):
        parse(["run", "--no-such-option"])
