"""The sync form of the client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from ai_catalyst.assistant.client.asynchronous import AsyncAssistantClient, Json
from ai_catalyst.assistant.client.wire import Event
from ai_catalyst.engine.bridge import run_sync, run_sync_iter

__all__ = ["AssistantClient"]


class AssistantClient:
    """The sync form of `AsyncAssistantClient`: the same arguments, the same methods."""

    def __init__(self, url: str = "http://127.0.0.1:8000", *, token: str | None = None) -> None:
        """Remember where; nothing is opened yet."""
        self._client = AsyncAssistantClient(url, token=token)

    def register(
        self, email: str, password: str, username: str = "", invitation: str | None = None
    ) -> Json:
        """Make an account; returns it."""
        return run_sync(self._client.register(email, password, username, invitation))

    def login(self, email: str, password: str) -> Json:
        """Sign in; returns the account."""
        return run_sync(self._client.login(email, password))

    def logout(self) -> None:
        """Sign out."""
        run_sync(self._client.logout())

    def me(self) -> Json:
        """Return who is signed in."""
        return run_sync(self._client.me())

    def change_password(self, old: str, new: str) -> None:
        """Change one's password; every other session of the account ends."""
        run_sync(self._client.change_password(old, new))

    def ask(self, question: str) -> Json:
        """Answer a free question."""
        return run_sync(self._client.ask(question))

    def ask_stream(self, question: str) -> Iterator[Event]:
        """Yield the events of an answer: ``token``…, ``citations``, ``done`` or ``error``."""
        return run_sync_iter(self._client.ask_stream(question))

    def diagnose(self, symptoms: str, patient_context: str = "") -> Json:
        """Return conditions to think of."""
        return run_sync(self._client.diagnose(symptoms, patient_context))

    def treatment(self, diagnosis: str, patient_context: str = "") -> Json:
        """Return what helps."""
        return run_sync(self._client.treatment(diagnosis, patient_context))

    def search(self, words: str, limit: int = 10) -> list[Json]:
        """Return the passages that answer best."""
        return run_sync(self._client.search(words, limit))

    def upload(self, paths: Iterable[Path | str]) -> Json:
        """Send files; returns ``id``, ``ids`` and the ``job_id`` that reads them."""
        return run_sync(self._client.upload(paths))

    def documents(self, limit: int = 100) -> list[Json]:
        """List one's own documents, newest first."""
        return run_sync(self._client.documents(limit))

    def document(self, document: str) -> Json:
        """Tell of one document."""
        return run_sync(self._client.document(document))

    def delete(self, document: str) -> None:
        """Erase a document."""
        run_sync(self._client.delete(document))

    def jobs(self, limit: int = 50) -> list[Json]:
        """List one's own jobs, newest first."""
        return run_sync(self._client.jobs(limit))

    def job(self, job: str) -> Json:
        """Tell how far a job is."""
        return run_sync(self._client.job(job))

    def cancel(self, job: str) -> Json:
        """End a job."""
        return run_sync(self._client.cancel(job))

    def job_events(self, job: str, after: str = "") -> Iterator[Event]:
        """Yield what happens to a job to its end, each event once, also over lost connections."""
        return run_sync_iter(self._client.job_events(job, after))

    def users(self, limit: int = 100, after: str = "") -> list[Json]:
        """List accounts by address, those that come ``after`` one: for administrators."""
        return run_sync(self._client.users(limit, after))

    def change_user(
        self, user: str, *, role: str | None = None, disabled: bool | None = None
    ) -> Json:
        """Change an account's role, or disable it, which ends its sessions."""
        return run_sync(self._client.change_user(user, role=role, disabled=disabled))

    def invite(self, role: str = "clinician", hours: int = 24) -> Json:
        """Return an ``invitation`` that makes one account of a role."""
        return run_sync(self._client.invite(role, hours))

    def egress(self, since: float = 0.0, limit: int = 200) -> list[Json]:
        """Tell what left the machine, newest first."""
        return run_sync(self._client.egress(since, limit))

    def live(self) -> bool:
        """Say that the process serves."""
        return run_sync(self._client.live())

    def ready(self) -> bool:
        """Say that the service can do its work; raises `AssistantError` when it cannot."""
        return run_sync(self._client.ready())

    def metrics(self) -> str:
        """Return the numbers of all workers, in Prometheus' text format."""
        return run_sync(self._client.metrics())

    def openapi(self) -> Json:
        """Return the description of the API."""
        return run_sync(self._client.openapi())

    def close(self) -> None:
        """Close every pooled connection."""
        run_sync(self._client.close())

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
