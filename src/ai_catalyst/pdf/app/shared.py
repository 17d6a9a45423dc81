"""What scripts share: the registry of jobs, one for all people who use this app, and addresses."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ai_catalyst.errors import CatalystError
from ai_catalyst.pdf.job import Job
from ai_catalyst.pdf.jobs import Jobs

__all__ = [
    "Model",
    "complain",
    "escaped",
    "go",
    "only_job",
    "shared_jobs",
    "show_complaints",
    "signature",
    "telling",
]


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked: its name, and whether its text stays in the house."""

    name: str
    title: str
    private: bool


@st.cache_resource(show_spinner=False)
def shared_jobs(_build: Callable[[], Jobs]) -> Jobs:
    """Return the app's one registry, with its one loop; made by whoever comes first."""
    return _build()


def go(**where: str) -> None:
    """Change the address, and with it the page: ``go(job=…)``, ``go(view="history")``, ``go()``."""
    st.query_params.from_dict(where)


def only_job(jobs: Jobs) -> Job | None:
    """Return the job that the address names, None when it names none; a wrong one is told."""
    job_id = st.query_params.get("job")
    if not job_id:
        return None
    with telling():
        return jobs.find(job_id)
    go()
    return None


class telling:  # noqa: N801 - read as a word: ``with telling():``
    """Shows what goes wrong in its block as a message for people, and goes on behind it."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        """Tell errors of ours; every other one is the program's and passes."""
        if isinstance(error, CatalystError):
            st.error(escaped(str(error)), icon=":material/error:")
            return True
        if isinstance(error, TimeoutError):
            st.error("This takes too long just now. Try again soon.", icon=":material/error:")
            return True
        return False


def complain(message: str) -> None:
    """Have a message shown by the next run, which begins at once."""
    st.session_state.setdefault("complaints", []).append(message)


def show_complaints() -> None:
    """Show what the run before had to say, once."""
    for message in st.session_state.pop("complaints", []):
        st.error(escaped(message), icon=":material/error:")


def signature() -> str:
    """Return who signs corrections in this session."""
    name = st.session_state.get("signature")
    if name is None:
        try:
            name = getpass.getuser()
        except (OSError, KeyError):
            name = ""
    return str(name)


def escaped(text: str) -> str:
    """Return outside text as it may stand in Markdown: begun with a capital, and inert."""
    inert = "".join(f"\\{sign}" if sign in "\\`*_[]<>#$~|!:" else sign for sign in text)
    return inert[:1].upper() + inert[1:]
