"""What personal data looks like: one entry a kind."""
