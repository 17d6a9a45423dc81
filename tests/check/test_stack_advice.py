"""A stack tells what blocked, when the catalogue knows it."""

from __future__ import annotations

from traceback import FrameSummary

import pytest

from ai_catalyst.check.catalogue import load_catalogue
from ai_catalyst.check.stack_advice import explain


def test_the_written_call_is_explained() -> None:
    frames = [FrameSummary("app.py", 3, "handler", line="time.sleep(1)")]
    assert "asyncio.sleep" in (explain(frames) or "")


def test_the_librarys_own_frame_is_explained() -> None:
    frames = [
        FrameSummary("app.py", 3, "handler", line="load()"),
        FrameSummary("/v/lib/python3.11/site-packages/requests/api.py", 62, "get", line=""),
    ]
    assert "httpx" in (explain(frames) or "")


def test_nothing_is_said_of_what_nobody_knows() -> None:
    assert explain([FrameSummary("app.py", 3, "handler", line="x = compute(2)")]) is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("requests.sessions.Session.get", "network"),
        ("redis.client.Redis.get", "database"),
        ("boto3.client().get_object", "network"),
        ("openai.OpenAI.chat.completions.create", "network"),
        ("docling.document_converter.DocumentConverter.convert", "cpu"),
        ("googleapiclient.discovery.build().files().list().execute", "network"),
        ("subprocess.run", "process"),
        ("threading.Event.wait", "lock"),
    ],
)
def test_a_known_call_has_its_kind(path: str, kind: str) -> None:
    catalogue = load_catalogue()
    entry = catalogue.blocks(catalogue.canonical(path))
    assert entry is not None
    assert entry.kind == kind


@pytest.mark.parametrize(
    "path", ["redis.Redis.pipeline", "boto3.client().get_object().get", "json.loads"]
)
def test_a_harmless_call_has_no_entry(path: str) -> None:
    assert load_catalogue().blocks(path) is None
