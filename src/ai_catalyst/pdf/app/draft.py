"""A batch before it begins: its files, its fields, and how they are to be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ai_catalyst.errors import CatalystError, UserError
from ai_catalyst.pdf.app.presets import PRESETS, parse
from ai_catalyst.pdf.app.shared import Model, complain, go, telling
from ai_catalyst.pdf.app.words import METHODS, file_size, label, number_of
from ai_catalyst.pdf.job import Job
from ai_catalyst.pdf.jobs import Jobs
from ai_catalyst.pdf.schema import Schema

__all__ = ["show_draft"]

SHOWN = 30


def show_draft(jobs: Jobs, job: Job | None, models: Callable[[Jobs], Sequence[Model]]) -> None:
    """Draw the three steps and the button that begins."""
    st.title("New batch")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("1 · Add your PDFs")
        job = _files(jobs, job)
    with right:
        st.subheader("2 · What do you want to know?")
        text, schema = _fields()
        st.subheader("3 · How should it be found?")
        method, model = _method(jobs, models)
    count = len(job.folder.uploads) if job is not None else 0
    ready = bool(count and schema is not None and method is not None)
    label = f"Extract from {number_of(count, 'file')}" if count else "Extract"
    if st.button(label, key="start", type="primary", disabled=not ready, help=_why(count, schema)):
        with telling():
            assert job is not None
            jobs.start(job, fields=text, method=str(method), model=model)
            st.rerun()


def _why(count: int, schema: Schema | None) -> str | None:
    if not count:
        return "Add a PDF first."
    return None if schema is not None else "Mend the fields first."


def _files(jobs: Jobs, job: Job | None) -> Job | None:
    turn = st.session_state.setdefault("uploads", 0)
    given = st.file_uploader(
        "PDF files",
        type=["pdf"],
        accept_multiple_files=True,
        key=f"upload-{turn}",
        help="They are copied to this machine's disk and removed with the batch.",
        label_visibility="collapsed",
    )
    if given:
        with telling():
            job = job or jobs.draft()
            go(job=job.id)
            _spool(jobs, job, given)
            st.session_state["uploads"] = turn + 1  # an empty widget, so that nothing stays in it
            st.rerun()
    if job is not None and job.folder.uploads:
        _list(jobs, job)
    return job


def _spool(jobs: Jobs, job: Job, given: Sequence[Any]) -> None:
    """Copy uploads to the disk, and let each go from memory as soon as it is there."""
    context = get_script_run_ctx()
    for upload in given:
        try:
            jobs.add(job, upload.name, upload)
        except CatalystError as error:
            complain(f"“{upload.name}” was not added: {error}")
        if context is not None:
            manager: Any = context.uploaded_file_mgr
            manager.remove_file(context.session_id, upload.file_id)


def _list(jobs: Jobs, job: Job) -> None:
    uploads = job.folder.uploads
    total = file_size(sum(upload.size for upload in uploads))
    st.markdown(f"**{number_of(len(uploads), 'file')}, {total}**")
    with st.container(height=min(330, 60 + 48 * len(uploads)), border=True):
        for index, upload in enumerate(uploads[:SHOWN]):
            name, size, button = st.columns([6, 2, 1], vertical_alignment="center")
            name.text(upload.name)
            size.caption(file_size(upload.size))
            if button.button(
                "",
                key=f"drop-{upload.path[-20:]}",
                icon=":material/close:",
                help=f"Remove {upload.name}",
                type="tertiary",
            ):
                with telling():
                    jobs.drop(job, index)
                    st.rerun()
    if len(uploads) > SHOWN:
        st.caption(f"and {number_of(len(uploads) - SHOWN, 'more file')}")


def _fields() -> tuple[str, Schema | None]:
    preset = st.segmented_control(
        "Kind of document",
        list(PRESETS),
        default="Invoice",
        required=True,
        key="preset",
        label_visibility="collapsed",
    )
    name = str(preset or "Invoice")
    with st.expander("See or change the fields", expanded=name == "My own"):
        text = st.text_area(
            "Fields, as YAML",
            value=PRESETS[name],
            height=220,
            key=f"fields-{name}",
            help="One line a field: its name, a colon, its type. Press Ctrl+Enter to apply.",
        )
    try:
        schema = parse(text)
    except UserError as error:
        st.error(f"The fields cannot be read: {error}", icon=":material/error:")
        return text, None
    st.caption("Looks for: " + ", ".join(f"**{label(name)}**" for name in schema.names))
    return text, schema


def _method(jobs: Jobs, models: Callable[[Jobs], Sequence[Model]]) -> tuple[str | None, str]:
    method = st.radio(
        "Method",
        list(METHODS),
        format_func=lambda name: METHODS[name].word,
        captions=[said.advice for said in METHODS.values()],
        key="method",
        label_visibility="collapsed",
    )
    if method == "classic":
        return method, ""
    with telling():
        found = models(jobs)
        if not found:
            st.warning(
                "No model was found. Start one on this machine, or name one in catalyst.yaml; "
                "`catalyst doctor` says how.",
                icon=":material/warning:",
            )
            return None, ""
        by_name = {model.name: model for model in found}
        name = st.selectbox(
            "Model", list(by_name), format_func=lambda name: by_name[name].title, key="model"
        )
        st.caption(
            "The text stays on your own machines."
            if by_name[name].private
            else "Names, addresses and numbers are replaced before the text leaves this machine."
        )
        return method, name
    return None, ""
