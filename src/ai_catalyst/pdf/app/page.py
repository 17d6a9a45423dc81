"""The page: a side bar that is always there, and one view beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ai_catalyst.pdf.app.draft import show_draft
from ai_catalyst.pdf.app.history import show_history
from ai_catalyst.pdf.app.results import show_job
from ai_catalyst.pdf.app.shared import Model, go, only_job, shared_jobs, show_complaints, signature
from ai_catalyst.pdf.app.words import STATES, moment, number_of
from ai_catalyst.pdf.job import Job
from ai_catalyst.pdf.jobs import Jobs

__all__ = ["show"]

_STYLE = """
<style>
.block-container { padding: 2.5rem 2.5rem 3rem; max-width: 86rem; }
h1 { font-size: 2rem !important; padding-top: 0 !important; }
h3 { font-size: 1.25rem !important; }
[data-testid="stSidebar"] [data-testid="stBaseButton-tertiary"] { justify-content: flex-start; }
[data-testid="stSidebar"] [data-testid="stBaseButton-tertiary"] > div { width: auto; }
[data-testid="stElementToolbar"] { display: none; }
[data-testid="stImage"] img { border: 1px solid rgba(128, 128, 128, .45); border-radius: 4px; }
*:focus-visible { outline: 3px solid #d55e00 !important; outline-offset: 2px; }
</style>
"""
RECENT = 12


def show(build: Callable[[], Jobs], models: Callable[[Jobs], Sequence[Model]]) -> None:
    """Draw the app; a Streamlit script calls this and nothing else.

    ``build`` makes the registry of jobs the first time, ``models`` says who can be asked.
    """
    st.set_page_config("PDF fields", page_icon="📄", layout="wide")
    st.html(_STYLE)
    jobs = shared_jobs(build)
    job = only_job(jobs)
    with st.sidebar:
        _side(jobs, job)
    show_complaints()
    if st.query_params.get("view") == "history":
        show_history(jobs)
    elif job is None or job.progress().state == "draft":
        show_draft(jobs, job, models)
    else:
        show_job(jobs, job)


def _side(jobs: Jobs, current: Job | None) -> None:
    st.markdown("### PDF fields")
    st.caption("Values out of your PDFs, each with the place where it stands.")
    st.button(
        "New batch",
        key="new",
        icon=":material/add:",
        width="stretch",
        type="primary",
        on_click=go,
    )
    st.button(
        "History and search",
        key="history",
        icon=":material/search:",
        width="stretch",
        on_click=go,
        kwargs={"view": "history"},
    )
    recent = jobs.recent(RECENT)
    if recent:
        st.markdown("**Recent batches**")
    for job in recent:
        _recent(job, here=current is not None and job.id == current.id)
    st.text_input(
        "Corrections are signed by",
        value=signature(),
        key="signature",
        max_chars=60,
        help="Stands beside every value that you change.",
    )


def _recent(job: Job, *, here: bool) -> None:
    progress = job.progress()
    said = STATES[progress.state]
    when = moment(job.folder.order.started or 0.0)
    st.button(
        f"{said.sign} {when} · {number_of(progress.total, 'file')}",
        key=f"open-{job.id}",
        help=said.word,
        width="stretch",
        disabled=here,
        type="tertiary",
        on_click=go,
        kwargs={"job": job.id},
    )
