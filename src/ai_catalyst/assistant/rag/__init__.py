"""Questions: what the passages say, what a model makes of them, and help first in a crisis."""
