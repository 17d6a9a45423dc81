"""One document at a time: its fields in a table that can be changed, its page beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ai_catalyst.errors import CatalystError
from ai_catalyst.pdf.app.presets import kinds_of
from ai_catalyst.pdf.app.shared import complain, signature, telling
from ai_catalyst.pdf.app.values import shown, typed_like
from ai_catalyst.pdf.app.words import OUTCOMES, confidence_word, label
from ai_catalyst.pdf.job import Job
from ai_catalyst.pdf.job_folder import CORRECTED
from ai_catalyst.pdf.jobs import Jobs
from ai_catalyst.pdf.page_image import Mark
from ai_catalyst.pdf.result import BatchResult

__all__ = ["edits_of", "save_edits", "show_documents"]

_NOWHERE = "Nothing marked"


def show_documents(jobs: Jobs, job: Job) -> None:
    """Draw a chooser, the fields of the chosen document, and its page."""
    results = job.results()
    ready = [index for index, result in enumerate(results) if result is not None and result.success]
    left, right = st.columns([6, 6], gap="medium")
    with left:
        index = _choose(job, ready, results)
        result = results[index]
        assert result is not None
        if result.outcome != "OK":
            said = OUTCOMES[result.outcome]
            st.warning(f"{said.sign} {said.word}. {said.advice}")
        _editor(jobs, job, index, result)
        field = _field(job, index, result)
    with right:
        _page(jobs, job, index, result, field)


def _choose(job: Job, ready: list[int], results: list[BatchResult | None]) -> int:
    key = f"document-{job.id}"
    if st.session_state.get(key) not in ready:
        st.session_state[key] = ready[0]

    def step(by: int) -> None:
        place = ready.index(st.session_state[key]) + by
        st.session_state[key] = ready[max(0, min(place, len(ready) - 1))]

    chooser, back, on = st.columns([6, 1, 1], vertical_alignment="bottom")
    index: int = chooser.selectbox(
        f"Document, {len(ready)} to look at",
        ready,
        format_func=lambda index: _title(results[index]),
        key=key,
    )
    place = ready.index(index)
    back.button(
        "", icon=":material/chevron_left:", key="back", help="The document before",
        disabled=place == 0, on_click=step, args=(-1,),
    )  # fmt: skip
    on.button(
        "", icon=":material/chevron_right:", key="on", help="The next document",
        disabled=place == len(ready) - 1, on_click=step, args=(1,),
    )  # fmt: skip
    return index


def _title(result: BatchResult | None) -> str:
    if result is None:
        return ""
    doubtful = sum(found.confidence < 0.8 for found in result.evidence.values())
    return f"{OUTCOMES[result.outcome].sign} {result.file_name}" + (
        f" · {doubtful} to check" if doubtful else ""
    )


def _editor(jobs: Jobs, job: Job, index: int, result: BatchResult) -> None:
    kinds = kinds_of(job.folder.order.fields)
    names = list(dict.fromkeys([*kinds, *result.data]))
    table = {
        "Field": [label(name) for name in names],
        "Value": [shown(result.data.get(name), kinds.get(name, "")) for name in names],
        "How sure": [_sure(result, name) for name in names],
    }
    key = f"edit-{job.id}-{index}-{_turn(job)}"
    st.data_editor(
        table,
        key=key,
        hide_index=True,
        disabled=["Field", "How sure"],
        column_config={
            "Field": st.column_config.TextColumn(width=110),
            "Value": st.column_config.TextColumn(width=165),
            "How sure": st.column_config.TextColumn(width=120),
        },
        alt="Fields and values; values can be changed",
    )
    edits = [
        (index, names[row], cells["Value"])
        for row, cells in edits_of(key).items()
        if "Value" in cells
    ]
    if edits:
        save_edits(jobs, job, edits)
    st.caption("Double-click a value, or select it and type, to correct it. It is kept at once.")


def _sure(result: BatchResult, name: str) -> str:
    found = result.evidence.get(name)
    if found is not None and found.source == CORRECTED:
        return "✎ corrected"
    if result.data.get(name) is None:
        return "– not found"
    if found is None:
        return ""
    place = "" if found.page is None else f" · page {found.page}"
    return f"{confidence_word(found.confidence)}{place}"


def _turn(job: Job) -> int:
    """Count what was saved: a new key gives the editor what is kept now, not its own memory."""
    turn: int = st.session_state.setdefault(f"turn-{job.id}", 0)
    return turn


def edits_of(key: str) -> dict[int, dict[str, Any]]:
    """Return what somebody typed into an editor that was just drawn: row, column, text."""
    state = st.session_state.get(key) or {}
    return {int(row): dict(cells) for row, cells in state.get("edited_rows", {}).items()}


def save_edits(jobs: Jobs, job: Job, edits: list[tuple[int, str, Any]]) -> None:
    """Keep what somebody typed (index of the file, field, text), and draw everything anew."""
    results = job.results()
    for index, field, text in edits:
        result = results[index]
        before = None if result is None else result.data.get(field)
        try:
            jobs.correct(job, index, field, typed_like(text, before), who=signature())
        except (CatalystError, TimeoutError) as error:
            complain(str(error) or "this takes too long just now: try again soon")
        else:
            st.toast(f"Kept: {label(field)}", icon=":material/check:")
    st.session_state[f"turn-{job.id}"] = _turn(job) + 1
    st.rerun()


def _field(job: Job, index: int, result: BatchResult) -> str | None:
    placed = [name for name, found in result.evidence.items() if found.page is not None]
    if not placed:
        st.caption("None of these values has a place on a page.")
        return None
    field: str = st.selectbox(
        "Show on the page",
        [*placed, _NOWHERE],
        format_func=lambda name: name if name == _NOWHERE else label(name),
        key=f"mark-{job.id}-{index}",
    )
    if field == _NOWHERE:
        return None
    quote = result.evidence[field].quote
    if quote:
        st.text(f"On the page: “{quote}”")
    return field


def _page(jobs: Jobs, job: Job, index: int, result: BatchResult, field: str | None) -> None:
    pages = max(result.pages, 1)
    found = result.evidence.get(field) if field else None
    wanted = found.page if found is not None and found.page else 1
    number = wanted
    if pages > 1:
        number = int(
            st.number_input(
                f"Page, of {pages}",
                1,
                pages,
                min(wanted, pages),
                key=f"page-{job.id}-{index}-{field}",
            )
        )
    marks = tuple(
        Mark(other.box, strong=name == field)
        for name, other in result.evidence.items()
        if field and other.page == number and other.box is not None
    )
    with telling():
        picture = jobs.picture(job, index, number, marks)
        st.image(picture, width="stretch", alt=f"Page {number} of {result.file_name}")
        if marks:
            st.caption("Framed: the chosen value. Underlined: the other values that were found.")
