"""Routes that take and give JSON, planned once: what each asks for, and how its answer is written.

FastAPI finds that out anew at every request, inside three exit stacks; on a short request it is
most of the work. A plan has the same parts, in the same order, with the same errors. What a plan
cannot have (a form, a file, a generator, a header as a parameter) stays with FastAPI.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request, params
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from fastapi._compat import ModelField
    from fastapi.dependencies.models import Dependant
    from fastapi.routing import RouteContext
    from starlette.datastructures import URLPath
    from starlette.types import Receive, Scope, Send

__all__ = ["Plans"]

_NO_CONTENT = 204
_JSON = (b"content-type", b"application/json")
_NEVER = (
    "header_params",
    "cookie_params",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
)
"""What a dependant may not ask for, or FastAPI serves it."""
_ONCE = ("query_params", "body_params")
"""What the endpoint itself may ask for, but no dependency of it."""
_SHAPED = ("include", "exclude", "exclude_unset", "exclude_defaults", "exclude_none")


class Plans(BaseRoute):
    """The first route of an application: serves what was planned, and lets the rest pass by."""

    def __init__(self, app: FastAPI) -> None:
        """Plan the routes that the application has now."""
        self._app = app
        self._exact: dict[tuple[str, str], _Plan] = {}
        self._patterns: dict[str, list[_Plan]] = {}
        earlier: list[RouteContext] = []
        for route in iter_route_contexts(app.routes):
            if not _is_hidden(route, earlier) and (plan := _plan_of(route)) is not None:
                for method in route.methods or ():
                    if route.param_convertors:
                        self._patterns.setdefault(method, []).append(plan)
                    else:
                        self._exact[method, plan.path] = plan
            earlier.append(route)

    @property
    def planned(self) -> set[tuple[str, str]]:
        """Method and pattern of each route that has a plan."""
        patterns = {(m, plan.path) for m, plans in self._patterns.items() for plan in plans}
        return patterns | set(self._exact)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the plan of a request; what FastAPI would do besides is left to it."""
        if scope["type"] != "http" or scope.get("root_path") or self._app.dependency_overrides:
            return Match.NONE, {}
        plan = self._exact.get((scope["method"], scope["path"]))
        found: dict[str, Any] = {}
        if plan is None:
            plan, found = self._by_pattern(scope["method"], scope["path"])
        if plan is None or (plan.body and not _is_json(scope)):
            return Match.NONE, {}
        return Match.FULL, {"endpoint": plan.endpoint, "path_params": found, "route": plan}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose plan was found."""
        await scope["route"].serve(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Leave names to the routes themselves."""
        raise NoMatchFound(name, path_params)

    def _by_pattern(self, method: str, path: str) -> tuple[_Plan | None, dict[str, Any]]:
        for plan in self._patterns.get(method, ()):
            if match := plan.pattern.match(path):
                found = match.groupdict()
                return plan, {name: plan.convertors[name].convert(found[name]) for name in found}
        return None, {}


@dataclass(frozen=True, slots=True)
class _Step:
    """One call: a dependency, or in the end the endpoint."""

    call: Callable[..., Awaitable[Any]]
    request: str | None
    """The parameter that takes the request itself."""
    path: tuple[tuple[str, str], ...]
    """Parameters, and the names in the path whose values they take."""
    asked: tuple[tuple[str, int], ...]
    """Parameters, and the earlier steps whose answers they take."""

    async def take(self, request: Request, answers: list[Any], **values: Any) -> Any:
        for name, place in self.asked:
            values[name] = answers[place]
        for name, part in self.path:
            values[name] = request.path_params[part]
        if self.request is not None:
            values[self.request] = request
        return await self.call(**values)


@dataclass(frozen=True, slots=True)
class _Plan:
    path: str
    pattern: Any
    convertors: dict[str, Any]
    steps: tuple[_Step, ...]
    last: _Step
    query: list[ModelField]
    body: list[ModelField]
    embeds: bool
    status: int
    answer: TypeAdapter[Any]

    @property
    def endpoint(self) -> Callable[..., Awaitable[Any]]:
        return self.last.call

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        body = await _body_of(request) if self.body else PydanticUndefined
        answers: list[Any] = []
        for step in self.steps:
            answers.append(await step.take(request, answers))
        values = await self._values(request, body) if self.query or self.body else {}
        answer = await self.last.take(request, answers, **values)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        else:
            await self._send(answer, send)

    async def _values(self, request: Request, body: Any) -> dict[str, Any]:
        """Return the values of query and body. Raises `RequestValidationError`."""
        values, errors = request_params_to_args(self.query, request.query_params)
        if self.body:
            found, wrong = await request_body_to_args(self.body, body, self.embeds)
            values |= found
            errors += wrong
        if errors:
            raise RequestValidationError(errors)
        return values

    async def _send(self, answer: Any, send: Send) -> None:
        """Write an answer; one that is not what the route promises is a fault of ours."""
        content, headers = b"", []
        if self.status != _NO_CONTENT:
            # Checked here: `warnings="error"` would give up the GIL at every call.
            kept = self.answer.validator.validate_python(answer, from_attributes=True)
            content = self.answer.serializer.to_json(kept, by_alias=True)
            headers = [(b"content-length", b"%d" % len(content)), _JSON]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def _body_of(request: Request) -> Any:
    """Return the JSON of a body, with the errors that FastAPI has for it."""
    try:
        body = await request.body()
        return json.loads(body) if body else PydanticUndefined
    except json.JSONDecodeError as error:
        wrong = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}
        raise RequestValidationError([wrong]) from error
    except HTTPException:
        raise
    except Exception as error:
        raise HTTPException(400, "There was an error parsing the body") from error


def _is_json(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bool(value.partition(b";")[0].strip().lower() == b"application/json")
    return False


def _is_hidden(route: RouteContext, earlier: list[RouteContext]) -> bool:
    """Tell whether an earlier route takes the requests of this one."""
    return any(
        one.path_regex.match(route.path or "") and (one.methods or set()) & (route.methods or set())
        for one in earlier
    )


def _plan_of(route: RouteContext) -> _Plan | None:
    """Return the plan of a route, None when it has to stay with FastAPI."""
    if not isinstance(route.original_route, APIRoute) or not _is_plain(route):
        return None
    steps: list[_Step] = []
    try:
        last = _step(route.dependant, steps, top=True)
    except _Unplanned:
        return None
    return _Plan(
        path=route.path_format or "",
        pattern=route.path_regex,
        convertors=route.param_convertors,
        steps=tuple(steps),
        last=last,
        query=route.dependant.query_params,
        body=route.dependant.body_params,
        embeds=route._embed_body_fields,
        status=route.status_code or 200,
        answer=TypeAdapter(Any if route.response_model is None else route.response_model),
    )


def _is_plain(route: RouteContext) -> bool:
    """Tell whether body and answer are JSON, written as the model says."""
    body = route.body_field
    return (
        (body is None or not isinstance(body.field_info, params.Form))
        and isinstance(route.response_class, DefaultPlaceholder)
        and not any(getattr(route, f"response_model_{name}") for name in _SHAPED)
        and route.max_body_size is None
    )


class _Unplanned(Exception):
    """Raised inside, for a dependency that only FastAPI can solve."""


def _step(dependant: Dependant, steps: list[_Step], *, top: bool = False) -> _Step:
    """Return the call of a dependant, its dependencies put among the steps, each once."""
    never = _NEVER if top else _NEVER + _ONCE
    if (
        not inspect.iscoroutinefunction(dependant.call)
        or not dependant.use_cache
        or dependant.concurrency is not None
        or any(getattr(dependant, name) for name in never)
        or not all(map(_is_text, dependant.path_params))
    ):
        raise _Unplanned
    asked = []
    for one in dependant.dependencies:
        place = next((n for n, known in enumerate(steps) if known.call is one.call), -1)
        if place < 0:
            step = _step(one, steps)  # its own dependencies come before it
            place = len(steps)
            steps.append(step)
        if one.name is not None:
            asked.append((one.name, place))
    path = tuple((field.name, field.alias) for field in dependant.path_params)
    return _Step(dependant.call, dependant.request_param_name, path, tuple(asked))


def _is_text(field: ModelField) -> bool:
    """Tell whether a part of a path is taken as it is: then there is nothing to check."""
    return field.field_info.annotation is str and not field.field_info.metadata
