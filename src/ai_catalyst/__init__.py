"""AI Catalyst."""
