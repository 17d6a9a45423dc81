"""What was ever found: full-text search, the list, and a document with everything about it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ai_catalyst.pdf.app.shared import go, telling
from ai_catalyst.pdf.app.values import shown
from ai_catalyst.pdf.app.words import METHODS, OUTCOMES, confidence_word, label, moment, number_of
from ai_catalyst.pdf.jobs import Jobs
from ai_catalyst.pdf.repository_model import SavedDocument, Summary

__all__ = ["show_history"]

PER_PAGE = 50


def show_history(jobs: Jobs) -> None:
    """Draw the search and the list, or one document when the address names it."""
    st.title("History")
    chosen = st.query_params.get("document", "")
    if chosen:
        with telling():
            number = int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0
            _document(jobs.call(jobs.repository.get(number)))
        st.button("Back to the list", key="list", on_click=go, kwargs={"view": "history"})
        return
    words = st.text_input(
        "Search the text of all documents",
        key="words",
        placeholder="words on a page",
        icon=":material/search:",
    )
    with telling():
        if words.strip():
            _hits(jobs, words)
        else:
            _list(jobs)


def _hits(jobs: Jobs, words: str) -> None:
    hits = jobs.call(jobs.repository.search(words))
    st.caption(number_of(len(hits), "page") if hits else "No page holds all these words.")
    for number, hit in enumerate(hits):
        with st.container(border=True):
            st.button(
                f"{hit.file_name} · page {hit.page}",
                key=f"hit-{number}",
                type="tertiary",
                on_click=go,
                kwargs={"view": "history", "document": str(hit.db_id)},
            )
            st.text(hit.snippet.replace("⟦", "»").replace("⟧", "«"))


def _list(jobs: Jobs) -> None:
    before = st.session_state.setdefault("before", [])
    name = st.text_input("Only names with", key="name", placeholder="part of a file name")
    lines = jobs.call(
        jobs.repository.list(PER_PAGE + 1, before=before[-1] if before else None, name=name or None)
    )
    total = jobs.call(jobs.repository.count())
    st.caption(f"{number_of(total, 'document')} in all, the newest first")
    if not lines:
        st.info("Nothing is kept here yet.")
        return
    shown_lines = lines[:PER_PAGE]
    picked = st.dataframe(
        _table(shown_lines),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"list-{before[-1] if before else 0}-{name}",
    )
    st.caption("Tick a row to see the document.")
    rows = picked["selection"]["rows"] if picked else []
    if rows:
        go(view="history", document=str(shown_lines[rows[0]].db_id))
        st.rerun()
    _turn(before, more=lines[PER_PAGE - 1].db_id if len(lines) > PER_PAGE else None)


def _turn(before: list[int], *, more: int | None) -> None:
    def newer() -> None:
        before.pop()

    def older() -> None:
        before.append(more or 0)

    with st.container(horizontal=True):
        st.button("Newer", key="newer", disabled=not before, on_click=newer)
        st.button("Older", key="older", disabled=more is None, on_click=older)


def _table(lines: list[Summary]) -> dict[str, list[Any]]:
    return {
        "Document": [line.file_name for line in lines],
        "Result": [
            f"{OUTCOMES[line.outcome].sign} {OUTCOMES[line.outcome].word}" for line in lines
        ],
        "Pages": [line.pages for line in lines],
        "Found by": [
            METHODS[line.method].word if line.method in METHODS else line.method for line in lines
        ],
        "When": [moment(line.saved) for line in lines],
        "Corrections": [line.corrections for line in lines],
    }


def _document(found: SavedDocument) -> None:
    st.subheader(found.file_name)
    said = OUTCOMES[found.outcome]
    st.caption(
        f"{said.sign} {said.word} · {number_of(found.pages, 'page')} · {moment(found.saved)} "
        f"· number {found.db_id}"
    )
    names = list(found.data)
    rows = {
        "Field": [label(name) for name in names],
        "Value": [shown(found.data[name]) for name in names],
        "At first": [
            shown(found.original.get(name)) if found.data[name] != found.original.get(name) else ""
            for name in names
        ],
        "How sure": [
            confidence_word(found.evidence[name].confidence) if name in found.evidence else ""
            for name in names
        ],
        "Page": [
            str(found.evidence[name].page or "") if name in found.evidence else "" for name in names
        ],
    }
    st.dataframe(rows, hide_index=True)
    if found.corrections:
        st.markdown("**Corrections**")
    for one in found.corrections:
        st.text(
            f"{moment(one.at)} · {one.who or 'somebody'} · {label(one.field)}: "
            f"{shown(one.before) or '–'} → {shown(one.after) or '–'}"
        )
