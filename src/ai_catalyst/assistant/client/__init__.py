"""A client of the service, async and sync: thin, because the API's own shapes are the shapes.

Answers are the JSON objects that ``/api/openapi.json`` describes. A short token is renewed by
itself; a stream that is cut is taken up where it was.
"""

from __future__ import annotations

from ai_catalyst.assistant.client.asynchronous import AsyncAssistantClient
from ai_catalyst.assistant.client.synchronous import AssistantClient
from ai_catalyst.assistant.client.wire import AssistantError, Event

__all__ = ["AssistantClient", "AssistantError", "AsyncAssistantClient", "Event"]
