"""All documents of a batch as one table that can be changed, a row a document."""

from __future__ import annotations

import streamlit as st

from ai_catalyst.pdf.app.documents import edits_of, save_edits
from ai_catalyst.pdf.app.presets import kinds_of
from ai_catalyst.pdf.app.values import shown
from ai_catalyst.pdf.app.words import OUTCOMES, label
from ai_catalyst.pdf.job import Job
from ai_catalyst.pdf.jobs import Jobs

__all__ = ["show_spreadsheet"]

SHOWN = 1000


def show_spreadsheet(jobs: Jobs, job: Job) -> None:
    """Draw the table; an edit is kept at once."""
    rows = [
        (index, result)
        for index, result in enumerate(job.results())
        if result is not None and result.success
    ]
    total, rows = len(rows), rows[:SHOWN]
    kinds = kinds_of(job.folder.order.fields)
    names = list(dict.fromkeys([*kinds, *(name for _, result in rows for name in result.data)]))
    columns = {"File": [result.file_name for _, result in rows]}
    columns["Result"] = [
        f"{OUTCOMES[result.outcome].sign} {OUTCOMES[result.outcome].word}" for _, result in rows
    ]
    for name in names:
        columns[_column(name)] = [
            shown(result.data.get(name), kinds.get(name, "")) for _, result in rows
        ]
    key = f"sheet-{job.id}-{st.session_state.get(f'turn-{job.id}', 0)}"
    st.data_editor(
        columns,
        key=key,
        hide_index=True,
        disabled=["File", "Result"],
        column_config={_column(name): st.column_config.TextColumn(label(name)) for name in names},
        alt="Documents and their values; values can be changed",
    )
    edits = [
        (rows[row][0], column.removeprefix("field "), text)
        for row, cells in edits_of(key).items()
        for column, text in cells.items()
    ]
    if edits:
        save_edits(jobs, job, edits)
    if total > SHOWN:
        st.caption(f"The first {SHOWN:,} of {total:,}; the downloads hold all.")


def _column(name: str) -> str:
    """Return a column's name that cannot be one of ours."""
    return f"field {name}"
