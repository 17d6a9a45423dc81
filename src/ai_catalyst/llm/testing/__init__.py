"""A model server for tests, yours and ours: all three wires, on loopback, behaving as told."""

from __future__ import annotations

from ai_catalyst.llm.testing.behaviour import Behaviour, Request
from ai_catalyst.llm.testing.server import ModelServer

__all__ = ["Behaviour", "ModelServer", "Request"]
