"""Findings as text for people, and as JSON, SARIF and GitHub annotations for programs."""

from ai_catalyst.check.report.machine import as_github, as_json, as_sarif
from ai_catalyst.check.report.text import as_text

__all__ = ["as_github", "as_json", "as_sarif", "as_text"]
