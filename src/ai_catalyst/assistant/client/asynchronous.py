"""The client that is awaited: one method a route, the API's own JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ai_catalyst.assistant.client.wire import AssistantError, Event, Wire
from ai_catalyst.errors import EndpointError, FileError, UserError

__all__ = ["AsyncAssistantClient", "Json"]

_RESUMES = 20
_SMALL = 1 << 20
"""Bytes of a file that is read at once: a thousand open files are too many."""
_ENDS = frozenset({"done", "failed", "cancelled"})

Json = dict[str, Any]


class AsyncAssistantClient:
    """Talks to a service at ``url``; sign in first, or bring a token.

    Errors are `AssistantError`; a service that cannot be reached is `EndpointError`.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", *, token: str | None = None) -> None:
        """Remember where; nothing is opened yet."""
        self._wire = Wire(url, token)

    # Accounts.

    async def register(
        self, email: str, password: str, username: str = "", invitation: str | None = None
    ) -> Json:
        """Make an account; returns it."""
        body = {"email": email, "password": password, "username": username}
        if invitation is not None:
            body["invitation"] = invitation
        user: Json = await self._wire.call("POST", "/api/auth/register", json=body)
        return user

    async def login(self, email: str, password: str) -> Json:
        """Sign in; returns the account."""
        body = {"email": email, "password": password}
        self._wire.take(pair := await self._wire.call("POST", "/api/auth/login", json=body))
        user: Json = pair["user"]
        return user

    async def logout(self) -> None:
        """Sign out."""
        await self._wire.call("POST", "/api/auth/logout")
        self._wire.token = self._wire.refresh = None

    async def me(self) -> Json:
        """Return who is signed in."""
        user: Json = await self._wire.call("GET", "/api/auth/me")
        return user

    async def change_password(self, old: str, new: str) -> None:
        """Change one's password; every other session of the account ends."""
        body = {"old_password": old, "new_password": new}
        await self._wire.call("POST", "/api/auth/password", json=body)

    # Questions.

    async def ask(self, question: str) -> Json:
        """Answer a free question."""
        answer: Json = await self._wire.call("POST", "/api/v1/rag/ask", json={"question": question})
        return answer

    async def ask_stream(self, question: str) -> AsyncIterator[Event]:
        """Yield the events of an answer: ``token``…, ``citations``, ``done`` or ``error``."""
        body = {"question": question, "stream": True}
        async for event in self._wire.events("POST", "/api/v1/rag/ask", json=body):
            yield event

    async def diagnose(self, symptoms: str, patient_context: str = "") -> Json:
        """Return conditions to think of."""
        body = {"symptoms": symptoms, "patient_context": patient_context}
        answer: Json = await self._wire.call("POST", "/api/v1/rag/diagnose", json=body)
        return answer

    async def treatment(self, diagnosis: str, patient_context: str = "") -> Json:
        """Return what helps."""
        body = {"diagnosis": diagnosis, "patient_context": patient_context}
        answer: Json = await self._wire.call("POST", "/api/v1/rag/treatment", json=body)
        return answer

    async def search(self, words: str, limit: int = 10) -> list[Json]:
        """Return the passages that answer best."""
        found: list[Json] = await self._wire.call(
            "POST", "/api/v1/search", json={"q": words, "limit": limit}
        )
        return found

    # Documents and jobs.

    async def upload(self, paths: Iterable[Path | str]) -> Json:
        """Send files; returns ``id``, ``ids`` and the ``job_id`` that reads them.

        Raises `FileError` for a file that is not there, before anything is sent.
        """
        files = await asyncio.to_thread(_looked_at, [Path(path) for path in paths])
        if not files:
            raise UserError("name at least one file to upload")
        accepted: Json = await self._wire.call(
            "POST", "/api/v1/documents", form=lambda opened: _form(files, opened)
        )
        return accepted

    async def documents(self, limit: int = 100) -> list[Json]:
        """List one's own documents, newest first."""
        rows: list[Json] = await self._wire.call(
            "GET", "/api/v1/documents", params={"limit": str(limit)}
        )
        return rows

    async def document(self, document: str) -> Json:
        """Tell of one document."""
        row: Json = await self._wire.call("GET", f"/api/v1/documents/{document}")
        return row

    async def delete(self, document: str) -> None:
        """Erase a document."""
        await self._wire.call("DELETE", f"/api/v1/documents/{document}")

    async def jobs(self, limit: int = 50) -> list[Json]:
        """List one's own jobs, newest first."""
        rows: list[Json] = await self._wire.call(
            "GET", "/api/v1/jobs", params={"limit": str(limit)}
        )
        return rows

    async def job(self, job: str) -> Json:
        """Tell how far a job is."""
        row: Json = await self._wire.call("GET", f"/api/v1/jobs/{job}")
        return row

    async def cancel(self, job: str) -> Json:
        """End a job."""
        row: Json = await self._wire.call("POST", f"/api/v1/jobs/{job}/cancel")
        return row

    async def job_events(self, job: str, after: str = "") -> AsyncIterator[Event]:
        """Yield what happens to a job to its end, each event once, also over lost connections."""
        for pause in range(_RESUMES):
            headers = {"Last-Event-ID": after} if after else {}
            try:
                path = f"/api/v1/jobs/{job}/events"
                async for event in self._wire.events("GET", path, headers=headers):
                    after = event.id or after
                    yield event
                    if event.name in _ENDS:
                        return
            except AssistantError:
                raise
            except EndpointError:
                if pause == _RESUMES - 1:
                    raise
            await asyncio.sleep(min(0.1 * 2**pause, 2.0))

    # Administration.

    async def users(self, limit: int = 100, after: str = "") -> list[Json]:
        """List accounts by address, those that come ``after`` one: for administrators."""
        rows: list[Json] = await self._wire.call(
            "GET", "/api/v1/users", params={"limit": str(limit), "after": after}
        )
        return rows

    async def change_user(
        self, user: str, *, role: str | None = None, disabled: bool | None = None
    ) -> Json:
        """Change an account's role, or disable it, which ends its sessions."""
        body = {"role": role, "disabled": disabled}
        changed: Json = await self._wire.call("PATCH", f"/api/v1/users/{user}", json=body)
        return changed

    async def invite(self, role: str = "clinician", hours: int = 24) -> Json:
        """Return an ``invitation`` that makes one account of a role."""
        body = {"role": role, "hours": hours}
        made: Json = await self._wire.call("POST", "/api/v1/invitations", json=body)
        return made

    async def egress(self, since: float = 0.0, limit: int = 200) -> list[Json]:
        """Tell what left the machine, newest first."""
        params = {"since": repr(since), "limit": str(limit)}
        rows: list[Json] = await self._wire.call("GET", "/api/v1/egress", params=params)
        return rows

    async def live(self) -> bool:
        """Say that the process serves."""
        return bool(await self._wire.call("GET", "/health/live"))

    async def ready(self) -> bool:
        """Say that the service can do its work; raises `AssistantError` when it cannot."""
        return bool(await self._wire.call("GET", "/health/ready"))

    async def metrics(self) -> str:
        """Return the numbers of all workers, in Prometheus' text format."""
        return (await self._wire.raw("GET", "/metrics")).decode()

    async def openapi(self) -> Json:
        """Return the description of the API."""
        described: Json = await self._wire.call("GET", "/api/openapi.json")
        return described

    # Being closed.

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._wire.close()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()


def _form(files: Iterable[tuple[Path, bytes | None]], opened: ExitStack) -> Any:
    import aiohttp

    form = aiohttp.FormData(quote_fields=False)
    for path, content in files:
        value = opened.enter_context(path.open("rb")) if content is None else content
        form.add_field("file", value, filename=path.name)
    return form


def _looked_at(paths: Iterable[Path]) -> list[tuple[Path, bytes | None]]:
    """Read small files, and see that large ones can be opened."""
    files: list[tuple[Path, bytes | None]] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                small = path.stat().st_size <= _SMALL
                files.append((path, file.read() if small else None))
        except OSError as error:
            raise FileError(
                f"{path}: cannot be opened ({error.strerror})", path=str(path)
            ) from error
    return files
