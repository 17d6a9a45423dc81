"""PDF batches: every file gets an answer, none stops the batch, every value shows its place."""
