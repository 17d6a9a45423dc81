"""The results as files; each is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from ai_catalyst.pdf.app.presets import parse
from ai_catalyst.pdf.export import results_bytes
from ai_catalyst.pdf.job import Job

__all__ = ["download", "show_downloads"]

_KINDS = {
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": ("CSV", "text/csv"),
    "json": ("JSON", "application/json"),
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Without it Excel takes a CSV file's umlauts for something else."""


def show_downloads(job: Job) -> None:
    """Draw a button for each format."""
    st.subheader("Download")
    evidence = st.checkbox(
        "With page, quote and confidence of each value", key=f"evidence-{job.id}"
    )
    with st.container(horizontal=True):
        for kind, (title, mime) in _KINDS.items():
            st.download_button(
                title,
                download(job, kind, evidence=evidence),
                file_name=f"results.{kind}",
                mime=mime,
                key=f"download-{kind}",
                icon=":material/download:",
                on_click="ignore",
            )


def download(job: Job, kind: str, *, evidence: bool) -> Callable[[], bytes]:
    """Return what makes the file, with the results as they are when it is asked for."""

    def make() -> bytes:
        results = [result for result in job.results() if result is not None]
        fields = parse(job.folder.order.fields)
        data = results_bytes(results, kind, fields=fields, evidence=evidence)
        return _BYTE_ORDER_MARK + data if kind == "csv" else data

    return make
