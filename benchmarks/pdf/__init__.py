"""PDF batches measured: speed, faults, fields, and the app."""
