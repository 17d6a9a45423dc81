"""Checks for code that must not block: the pytest plugin that fails a test when its loop stalls."""

__all__: list[str] = []
