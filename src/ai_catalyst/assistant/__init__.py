"""The assistant: a private knowledge service, API and console, that a practice could run."""

from typing import Any

__all__ = ["app", "create_app"]


def __getattr__(name: str) -> Any:
    """Make the application when a server asks for ``ai_catalyst.assistant:app``."""
    if name == "create_app":
        from ai_catalyst.assistant.application import create_app

        return create_app
    if name == "app":
        from ai_catalyst.assistant.application import served_app

        value = globals()["app"] = served_app()
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
