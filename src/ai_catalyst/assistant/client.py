"""A client of the service, async and sync: thin, because the API's own shapes are the shapes.

Answers are the JSON objects that ``/api/openapi.json`` describes. A short token is renewed by
itself; a stream that is cut is taken up where it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ai_catalyst.engine.bridge import run_sync, run_sync_iter
from ai_catalyst.errors import CatalystError, EndpointError, FileError, UserError

__all__ = ["AssistantClient", "AssistantError", "AsyncAssistantClient", "Event"]

TIMEOUT_S = 120.0
_RESUMES = 20
_SMALL = 1 << 20
"""Bytes of a file that is read at once: a thousand open files are too many."""
_ENDS = frozenset({"done", "failed", "cancelled"})

Json = dict[str, Any]


class AssistantError(EndpointError):
    """Raised when the service refuses: ``status`` is HTTP's, ``problem`` its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Say what the service said."""
        super().__init__(
            f"the assistant refused ({status}): {problem.get('detail') or 'no reason'}"
        )
        self.status = status
        self.problem = dict(problem)


class Event(NamedTuple):
    """One event of a stream."""

    name: str
    data: Any
    id: str = ""


class AsyncAssistantClient:
    """Talks to a service at ``url``; sign in first, or bring a token.

    Errors are `AssistantError`; a service that cannot be reached is `EndpointError`.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", *, token: str | None = None) -> None:
        """Remember where; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._token = token
        self._refresh: str | None = None
        self._renewing = asyncio.Lock()
        self._sessions: Any = None

    # Accounts.

    async def register(
        self, email: str, password: str, username: str = "", invitation: str | None = None
    ) -> Json:
        """Make an account; returns it."""
        body = {"email": email, "password": password, "username": username}
        if invitation is not None:
            body["invitation"] = invitation
        user: Json = await self._call("POST", "/api/auth/register", json=body)
        return user

    async def login(self, email: str, password: str) -> Json:
        """Sign in; returns the account."""
        body = {"email": email, "password": password}
        self._take(pair := await self._call("POST", "/api/auth/login", json=body))
        user: Json = pair["user"]
        return user

    async def logout(self) -> None:
        """Sign out."""
        await self._call("POST", "/api/auth/logout")
        self._token = self._refresh = None

    async def me(self) -> Json:
        """Return who is signed in."""
        user: Json = await self._call("GET", "/api/auth/me")
        return user

    # Questions.

    async def ask(self, question: str) -> Json:
        """Answer a free question."""
        answer: Json = await self._call("POST", "/api/v1/rag/ask", json={"question": question})
        return answer

    async def ask_stream(self, question: str) -> AsyncIterator[Event]:
        """Yield the events of an answer: ``token``…, ``citations``, ``done`` or ``error``."""
        body = {"question": question, "stream": True}
        async for event in self._events("POST", "/api/v1/rag/ask", json=body):
            yield event

    async def diagnose(self, symptoms: str, patient_context: str = "") -> Json:
        """Return conditions to think of."""
        body = {"symptoms": symptoms, "patient_context": patient_context}
        answer: Json = await self._call("POST", "/api/v1/rag/diagnose", json=body)
        return answer

    async def treatment(self, diagnosis: str, patient_context: str = "") -> Json:
        """Return what helps."""
        body = {"diagnosis": diagnosis, "patient_context": patient_context}
        answer: Json = await self._call("POST", "/api/v1/rag/treatment", json=body)
        return answer

    async def search(self, words: str, limit: int = 10) -> list[Json]:
        """Return the passages that answer best."""
        found: list[Json] = await self._call(
            "POST", "/api/v1/search", json={"q": words, "limit": limit}
        )
        return found

    # Documents and jobs.

    async def upload(self, paths: Iterable[Path | str]) -> Json:
        """Send files; returns ``id``, ``ids`` and the ``job_id`` that reads them.

        Raises `FileError` for a file that is not there, before anything is sent.
        """
        import aiohttp

        files = await asyncio.to_thread(_opened, [Path(path) for path in paths])
        if not files:
            raise UserError("name at least one file to upload")
        form = aiohttp.FormData(quote_fields=False)
        for path, file in files:
            form.add_field("file", file, filename=path.name)
        accepted: Json = await self._call("POST", "/api/v1/documents", data=form)
        return accepted

    async def documents(self, limit: int = 100) -> list[Json]:
        """List one's own documents, newest first."""
        rows: list[Json] = await self._call(
            "GET", "/api/v1/documents", params={"limit": str(limit)}
        )
        return rows

    async def delete(self, document: str) -> None:
        """Erase a document."""
        await self._call("DELETE", f"/api/v1/documents/{document}")

    async def job(self, job: str) -> Json:
        """Tell how far a job is."""
        row: Json = await self._call("GET", f"/api/v1/jobs/{job}")
        return row

    async def cancel(self, job: str) -> Json:
        """End a job."""
        row: Json = await self._call("POST", f"/api/v1/jobs/{job}/cancel")
        return row

    async def job_events(self, job: str, after: str = "") -> AsyncIterator[Event]:
        """Yield what happens to a job to its end, each event once, also over lost connections."""
        for pause in range(_RESUMES):
            headers = {"Last-Event-ID": after} if after else {}
            try:
                path = f"/api/v1/jobs/{job}/events"
                async for event in self._events("GET", path, headers=headers):
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

    # The wire.

    async def close(self) -> None:
        """Close every pooled connection."""
        if self._sessions is not None:
            await self._sessions.close()

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

    def _take(self, pair: Mapping[str, Any]) -> None:
        self._token, self._refresh = pair["access_token"], pair["refresh_token"]

    async def _call(self, method: str, path: str, **request: Any) -> Any:
        async with _Mapped():
            answer, body = await self._once(method, path, request)
            may_renew = answer == 401 and self._refresh is not None and "data" not in request
            if may_renew and await self._renew(self._token):
                answer, body = await self._once(method, path, request)
        if answer >= 400:
            raise AssistantError(answer, _problem(body))
        return json.loads(body) if body else None

    async def _once(self, method: str, path: str, request: Mapping[str, Any]) -> tuple[int, bytes]:
        async with self._request(method, path, **request) as response:
            return response.status, await response.read()

    async def _renew(self, shown: str | None) -> bool:
        """Change the tokens once, however many calls find the short one expired."""
        async with self._renewing:
            if self._token != shown:
                return True
            status, body = await self._once(
                "POST", "/api/auth/refresh", {"json": {"refresh_token": self._refresh}}
            )
            if status != 200:
                self._refresh = None
                return False
            self._take(json.loads(body))
            return True

    async def _events(self, method: str, path: str, **request: Any) -> AsyncIterator[Event]:
        async with _Mapped(), self._request(method, path, **request) as response:
            if response.status >= 400:
                raise AssistantError(response.status, _problem(await response.read()))
            fields: dict[str, str] = {}
            async for raw in response.content:
                line = raw.decode().rstrip("\r\n")
                if line and not line.startswith(":"):
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif not line and "data" in fields:
                    data = json.loads(fields["data"])
                    yield Event(fields.get("event", "message"), data, fields.get("id", ""))
                    fields = {}

    def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Any:
        import aiohttp

        if self._sessions is None:
            from ai_catalyst.io.sessions import LoopSessions

            self._sessions = LoopSessions(
                lambda: aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=TIMEOUT_S),
                    read_bufsize=1 << 20,
                )
            )
        shown = dict(headers or {})
        if self._token is not None:
            shown["Authorization"] = f"Bearer {self._token}"
        return self._sessions.current().request(
            method, self._url + path, headers=shown, allow_redirects=False, **more
        )


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

    def delete(self, document: str) -> None:
        """Erase a document."""
        run_sync(self._client.delete(document))

    def job(self, job: str) -> Json:
        """Tell how far a job is."""
        return run_sync(self._client.job(job))

    def cancel(self, job: str) -> Json:
        """End a job."""
        return run_sync(self._client.cancel(job))

    def job_events(self, job: str, after: str = "") -> Iterator[Event]:
        """Yield what happens to a job to its end, each event once, also over lost connections."""
        return run_sync_iter(self._client.job_events(job, after))

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


class _Mapped:
    """Turns faults of the connection into `EndpointError`."""

    async def __aenter__(self) -> None:
        """Watch."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Map."""
        import aiohttp

        if isinstance(error, CatalystError):
            return
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise EndpointError(
                "the assistant cannot be reached, or was lost: check its address, and that it runs"
            ) from error


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _opened(paths: Iterable[Path]) -> list[tuple[Path, Any]]:
    """Read small files and open large ones, all or none."""
    files: list[tuple[Path, Any]] = []
    for path in paths:
        try:
            small = path.stat().st_size <= _SMALL
            files.append((path, path.read_bytes() if small else path.open("rb")))
        except OSError as error:
            for _, file in files:
                if not isinstance(file, bytes):
                    file.close()
            raise FileError(
                f"{path}: cannot be opened ({error.strerror})", path=str(path)
            ) from error
    return files
