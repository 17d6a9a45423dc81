"""Every example of the page on models runs, in order, against a server on loopback."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ai_catalyst.llm.testing import Behaviour, ModelServer

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "models.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
HEAD = "from ai_catalyst.llm import Endpoint, LLMProvider\n"
URLS = re.compile(r"http://(?:127\.0\.0\.1:11434|10\.0\.0\.5:8000)/v1|https://api\.\w+\.com/v1")


@pytest.mark.loop_guard(5.0, reason="some examples show the sync twins, which block")
@pytest.mark.filterwarnings("ignore::ai_catalyst.errors.BlockingCallWarning")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.strip().split("\n")[0][:60])
async def test_an_example_runs(
    example: str,
    servers: Callable[..., ModelServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = servers(Behaviour('{"name": "Tokyo", "inhabitants": 37000000}'))
    monkeypatch.setenv("CATALYST_LOCAL_URL", server.url)
    monkeypatch.setenv("CATALYST_LOCAL_MODEL", "test-model")
    monkeypatch.chdir(tmp_path)
    source = HEAD + URLS.sub(server.url, example)
    code = compile(source, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    space: dict[str, Any] = {"__name__": "example"}
    result = eval(code, space)
    if inspect.isawaitable(result):
        await result


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) > 10
