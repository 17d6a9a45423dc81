"""`StreamlitBatchProcessor`: sync, one dict a file, drawn by the script's thread alone."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

if os.environ.get("CI") != "true":
    pytest.importorskip("streamlit", reason="the extra `pdf-app` is not installed")

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from ai_catalyst.errors import UserError
from ai_catalyst.pdf import streamlit_batch
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.pdf.streamlit_batch import StreamlitBatchProcessor

FILES = [("a.pdf", b"a"), ("bad.pdf", b"b"), ("c.pdf", b"c")]


class Processor:
    """Takes a moment a file, and counts how many run at once."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.now = self.most = 0
        self.cancelled = threading.Event()

    async def process_file(
        self, file: tuple[str, bytes], extractor: object, fields: object, method: str
    ) -> BatchResult:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        finally:
            self.now -= 1
        if file[0] == "bad.pdf":
            return BatchResult(file[0], error="is broken", outcome="MALFORMED")
        return BatchResult(file[0], True, {"fields": fields, "method": method}, db_id=7)


def test_each_file_has_one_dict_in_order() -> None:
    results = StreamlitBatchProcessor(Processor()).process_batch(FILES, None, ["x"], "classic")
    assert results == [
        {"file": "a.pdf", "result": {"fields": ["x"], "method": "classic"}, "db_id": 7},
        {"file": "bad.pdf", "error": "is broken"},
        {"file": "c.pdf", "result": {"fields": ["x"], "method": "classic"}, "db_id": 7},
    ]
    assert StreamlitBatchProcessor(Processor()).process_batch([]) == []


def test_no_more_files_run_at_once_than_allowed() -> None:
    processor = Processor()
    StreamlitBatchProcessor(processor, max_concurrent=2).process_batch(FILES * 3)
    assert processor.most == 2


def test_leaving_the_page_cancels_the_work() -> None:
    processor = Processor(seconds=60)

    class Left(BaseException):
        pass

    class Picture(streamlit_batch._Picture):
        def draw(self) -> None:
            if processor.now:
                raise Left

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Left):
        patch.setattr(streamlit_batch, "_Picture", Picture)
        patch.setattr(Picture, "clear", lambda self: None)
        StreamlitBatchProcessor(processor).process_batch(FILES)
    assert processor.cancelled.wait(10)


async def test_it_also_works_while_a_loop_runs_in_this_thread() -> None:
    """Streamlit's scripts, like notebooks, may have one; it stands meanwhile."""
    batch = StreamlitBatchProcessor(Processor(0.001))
    assert len(await asyncio.to_thread(batch.process_batch, FILES)) == 3


def test_the_script_draws_files_and_pages_and_the_work_runs_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)

    def script() -> None:
        import asyncio
        import threading

        import streamlit as st

        from ai_catalyst.pdf.result import BatchResult
        from ai_catalyst.pdf.streamlit_batch import StreamlitBatchProcessor

        class Own:
            async def process_file(
                self, file: object, extractor: object, fields: object, method: str
            ) -> BatchResult:
                await asyncio.sleep(0.15)
                return BatchResult(file[0], True, {"thread": threading.current_thread().name})  # type: ignore[index]

        found = StreamlitBatchProcessor(Own()).process_batch([("a.pdf", b""), ("b.pdf", b"")])
        st.write(found[0]["result"]["thread"], threading.current_thread().name)

    app = AppTest.from_function(script).run(timeout=20)
    assert not app.exception
    assert "2 of 2 files" in str(app.get("progress")[0].proto)
    worked, drew = str(app.markdown[0].value).split(" ", 1)
    assert worked != drew


def test_without_streamlit_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamlit_batch, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '\.\[pdf-app\]'"):
        StreamlitBatchProcessor(Processor())


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(UserError):
        StreamlitBatchProcessor(Processor(), max_concurrent=0).process_batch(FILES)
    with pytest.raises(UserError):
        StreamlitBatchProcessor(object()).process_batch(FILES)
