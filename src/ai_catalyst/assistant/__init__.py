"""The assistant: a private knowledge service, API and console, that a practice could run."""
