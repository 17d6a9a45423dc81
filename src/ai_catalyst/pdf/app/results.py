"""A batch that has begun: its progress, its results beside their pages, what failed, downloads."""

from __future__ import annotations

import streamlit as st

from ai_catalyst.pdf.app.documents import show_documents
from ai_catalyst.pdf.app.downloads import show_downloads
from ai_catalyst.pdf.app.shared import escaped, go, telling
from ai_catalyst.pdf.app.spreadsheet import show_spreadsheet
from ai_catalyst.pdf.app.words import OUTCOMES, STATES, moment, number_of
from ai_catalyst.pdf.job import Job, Progress
from ai_catalyst.pdf.jobs import Jobs, failed

__all__ = ["show_job"]

EVERY_S = 0.5
SHOWN = 50


def show_job(jobs: Jobs, job: Job) -> None:
    """Draw a batch."""
    progress = job.progress()
    order = job.folder.order
    st.title(f"{number_of(progress.total, 'file')} · {moment(order.started or 0.0)}")
    if progress.state == "running":
        _watch(jobs, job)
    else:
        _ended(jobs, job, progress)
    if not progress.done:
        return
    bad = list(failed(job.results()))
    views = ["Beside the page", "As a table"] + ([f"Failed ({len(bad)})"] if bad else [])
    if len(bad) == progress.done:
        views = views[2:]
    view = st.segmented_control(
        "View", views, default=views[0], required=True, key=f"view-{job.id}-{len(bad)}",
        label_visibility="collapsed",
    )  # fmt: skip
    if view == "Beside the page":
        show_documents(jobs, job)
    elif view == "As a table":
        show_spreadsheet(jobs, job)
    else:
        _failed(jobs, job, bad)
    st.divider()
    show_downloads(job)


def _watch(jobs: Jobs, job: Job) -> None:
    """Draw the progress now and then, by itself; the rest of the page stays as it is."""

    @st.fragment(run_every=EVERY_S)
    def watch() -> None:
        progress = job.progress()
        if progress.state != "running":
            st.rerun(scope="app")
        files = f"{progress.done} of {number_of(progress.total, 'file')}"
        st.progress(progress.fraction, f"**{files}** · {number_of(progress.pages, 'page')} read")
        for one in progress.running[:5]:
            place = f"page {one.page} of {one.pages}" if one.pages else "opening"
            st.text(f"▶ {one.name} · {place}")
        if len(progress.running) > 5:
            st.caption(f"and {len(progress.running) - 5} more")

    watch()
    if st.button("Cancel", key="cancel", icon=":material/stop_circle:"):
        with telling(), st.spinner("Stopping…"):
            jobs.cancel(job)
            st.rerun()


def _ended(jobs: Jobs, job: Job, progress: Progress) -> None:
    said = STATES[progress.state]
    good = progress.done - progress.failed
    line = f"{said.sign} {said.word}: {good} of {number_of(progress.total, 'file')} read"
    if progress.pages:
        line += f" ({number_of(progress.pages, 'page')})"
    if progress.state == "done" and not progress.failed:
        st.success(line)
    elif progress.state in {"done", "cancelled"}:
        st.warning(f"{line}. {number_of(progress.failed, 'file')} failed: see why below.")
    elif progress.state == "elsewhere":
        st.info("Another app on this machine works on this batch. Reload the page to see more.")
    else:
        _stopped(jobs, job, progress)
    bad = list(failed(job.results()))
    with st.container(horizontal=True):
        if bad and st.button(
            f"Try {number_of(len(bad), 'failed file')} again",
            key="retry-all",
            icon=":material/refresh:",
        ):
            with telling():
                jobs.retry(job, bad)
                st.rerun()
        if st.button(
            "Remove batch",
            key="remove",
            icon=":material/delete:",
            help="Removes the uploaded files. What was found stays in the history.",
        ):
            jobs.forget(job)
            go()
            st.rerun()


def _stopped(jobs: Jobs, job: Job, progress: Progress) -> None:
    left = progress.total - progress.done
    why = progress.error or "the app was ended while it ran"
    st.error(f"Stopped with {number_of(left, 'file')} left: {why}", icon=":material/error:")
    if st.button("Go on", key="resume", icon=":material/play_arrow:", type="primary"):
        with telling():
            jobs.resume(job)
            st.rerun()


def _failed(jobs: Jobs, job: Job, bad: list[int]) -> None:
    results = job.results()
    for index in bad[:SHOWN]:
        result = results[index]
        if result is None:
            continue
        said = OUTCOMES[result.outcome]
        with st.container(border=True):
            words, button = st.columns([5, 1], vertical_alignment="center")
            words.text(f"{said.sign} {result.file_name} · {said.word}")
            reason = (result.error or "").removeprefix(f"{result.file_name}: ")
            words.caption(escaped(f"{reason}. {said.advice}" if reason else said.advice))
            if button.button("Try again", key=f"retry-{index}", icon=":material/refresh:"):
                with telling():
                    jobs.retry(job, [index])
                    st.rerun()
    if len(bad) > SHOWN:
        st.caption(f"and {len(bad) - SHOWN} more: the downloads name them all")
